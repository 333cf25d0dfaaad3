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

/// Looks for custom_ids that are there twice; adds the later ones to the problems.
result<void> find_duplicates(const storage::store& db, validation_job& job);

} // namespace perennial::actors
