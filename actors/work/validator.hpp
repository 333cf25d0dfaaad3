// The validator actor: the passes over whole files, on a thread of its own. Checks every line of a
// new batch, finds custom_ids that are there twice, makes the selection of a retry, and lays out
// the lines that never ran of a batch that was cancelled or expired. A few MiB a step, so that
// batches take turns; where a step ends is on disk, so that a restart goes on from there.
#pragma once

#include "actors/interfaces.hpp"
#include "protocol/jobs/line_problem.hpp"
#include "protocol/jobs/line_splitter.hpp"
#include "protocol/jobs/validator.hpp"

#include <map>
#include <memory>
#include <optional>
#include <vector>

namespace perennial::actors {

/// The search for custom_ids that are there twice. It has one bit for each line of a window, and so
/// the same memory for every file: the rows of `custom_ids`, in which equal hashes are neighbours,
/// are gone through once per window, the file once in all.
struct duplicate_search {
  storage::line_no window = 0;          ///< Its first line.
  storage::validation_step::id_row row; ///< The scan goes on here.
  std::optional<hash128> last;          ///< Of the row before.
  bool scanned = false;                 ///< `later` is whole for this window.
  std::vector<bool> later;              ///< Lines whose custom_id stands in an earlier line.
  uint64_t left = 0;                    ///< How many of them were not reported yet.
  std::unique_ptr<jobs::line_splitter> splitter;
  storage::page page; ///< The one that the splitter looks into.
  uint64_t fed = 0;   ///< Bytes of the file that the splitter has had.
};

/// One batch under validation.
struct validation_job {
  storage::batch_record batch;
  storage::validation_cursor cursor;
  std::unique_ptr<jobs::validator> rules;
  std::unique_ptr<jobs::line_splitter> splitter;
  std::vector<storage::validation_step::id_row> ids; ///< Found since the last step.
  bool unrecorded = false; ///< `ids` and `cursor` are newer than what the store was given.
  std::optional<storage::validation_step> on_its_way; ///< Given to the store, not on disk yet.
  bool refused = false;                               ///< The store could not write it.
  bool committing = false;                            ///< Results of bad lines are on their way.
  bool ending = false;                                ///< Its end is.
  jobs::problem_list problems;
  duplicate_search duplicates;
  bool duplicates_looked_for = false;
  uint32_t next_segment = 0; ///< Of a retry's selection.
  group_ptr bad_lines;       ///< Their failed results, where bad lines are skipped.
  storage::page page;        ///< The one that the splitter looks into.
  uint64_t fed = 0;          ///< Bytes of the file that the splitter has had.
};

struct validator_state {
  std::shared_ptr<const storage::store> db;
  store_actor writer;
  dispatcher_actor dispatcher;
  std::map<storage::batch_id, std::unique_ptr<validation_job>> jobs;
  static inline const char* name = "validator";
};

validator_actor::behavior_type
validator_behavior(validator_actor::stateful_pointer<validator_state> self,
                   std::shared_ptr<const storage::store> db, store_actor writer,
                   dispatcher_actor dispatcher);

/// Reads about `bytes` further and checks the lines in them. True at the end of the file.
result<bool> validate_some(const storage::store& db, validation_job& job, uint64_t bytes);

/// Where a new process is to go on: before the first bad line where bad lines fail the batch, since
/// they are kept in memory only, until the end.
storage::validation_cursor resume_point(const validation_job& job);

/// How much of the search for duplicates is done at once.
struct duplicate_limits {
  uint64_t bytes = 16ull << 20; ///< Of the file, per step.
  uint64_t rows = 1ull << 18;   ///< Of `custom_ids`, per step.
  uint64_t window = 1ull << 24; ///< Lines: 2 MiB of bits.
};

/// Looks a step further for custom_ids that are there twice; adds the later lines to the problems,
/// in order of the file. True when all are found. A new process begins again: what it finds a
/// second time has its result already.
result<bool> find_duplicates(const storage::store& db, validation_job& job,
                             const duplicate_limits& limits = {});

/// A step ends at so many bad lines, even if they are tiny: bounds what it writes at once.
inline constexpr size_t step_bad_lines = 4096;
bool has_enough_bad_lines(const validation_job& job);

/// Keeps the problem, and where bad lines are skipped, makes the line's failed result.
void add_problem(validation_job& job, storage::line_no line, jobs::line_problem problem);

} // namespace perennial::actors
