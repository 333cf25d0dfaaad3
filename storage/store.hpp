// The durable store: what the floors above know of it. Nothing above `storage/` may assume RocksDB.
//
//   modifiers   one thread at a time (the store actor), in the order they are to take effect;
//               when one returns, its effect is on disk
//   inspectors  any thread, at any time; they see what modifiers have finished
//   uploads     any thread, one thread per upload; nobody sees an upload before `finish`
//   blobs       any thread, one thread per blob; nobody sees a blob before its result is committed
//
// After a modifier fails with errc::io_error, errc::no_space or errc::corrupt the store takes no
// more changes (errc::closed) until `reopen` succeeds; what the failed call was to write is in
// doubt and the caller gives it again. What turns out to be there is answered as done and counted
// once; only `delete_file` then says errc::not_found. Inspectors may fail meanwhile (errc::closed),
// uploads that were going on fail for good.
//
// A visitor runs inside the store: it does not wait for anything, and does not call modifiers.
#pragma once

#include "protocol/base/error.hpp"
#include "storage/page.hpp"
#include "storage/records.hpp"

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace perennial::storage {

/// An upload in progress. Destroyed before `finish`, it leaves nothing. One thread. Must not
/// outlive the store.
class upload {
public:
  virtual ~upload() = default;
  virtual file_id id() const = 0;
  /// Takes the next bytes; returns when they are written (not synced). Blocks for backpressure.
  virtual result<void> append(std::string_view bytes) = 0;
  /// The file's `expires`, known only behind its bytes.
  virtual void expire_at(wall_time when) = 0;
  /// Syncs and makes the file visible. No call may follow.
  virtual result<file_record> finish() = 0;
};

struct new_file {
  std::string name;
  file_purpose purpose = file_purpose::batch;
  wall_time created{};
  wall_time expires{};
};

/// What makes two requests to create a batch the same one.
struct idempotency {
  std::string key;              ///< The client's key; empty: only the 60-second window applies.
  sha256_digest request_hash{}; ///< Of everything that defines the batch.
};

struct created_batch {
  batch_record batch;
  bool existed = false; ///< The request was the same as an earlier one; nothing was made.
};

/// A result line that is too long to be held: it goes into a file of its own as it comes.
/// Destroyed before a commit has seen it, it leaves nothing. One thread at a time.
class blob {
public:
  virtual ~blob() = default;
  /// Returns when the bytes are written (not synced).
  virtual result<void> append(std::string_view bytes) = 0;
  /// Syncs: from here on a result may refer to it. errc::invalid_input when it is longer than
  /// `most_blob_bytes`. No `append` may follow.
  virtual result<void> finish() = 0;
  virtual uint64_t bytes() const = 0;
};

/// The longest result line: an index entry's length has 32 bits.
inline constexpr uint64_t most_blob_bytes = 0xffff'ffff;

/// A line's final result on its way in.
struct line_result {
  batch_id batch = 0;
  line_no line = 0;
  output_kind kind = output_kind::ok;
  uint16_t code = 0;
  uint16_t attempts = 0;
  bool ambiguous = false; ///< For the reader of the line; counted by `ambiguous_calls`.
  token_usage tokens;
  std::string text; ///< The rendered line, with its newline.
  /// Where it is too long for that: the same, finished, from the same store; `text` is empty.
  std::shared_ptr<blob> long_text = nullptr;
};

/// A line that goes back to wait. `entry.ambiguous` says that the call that just ended was, and
/// counts one.
struct line_wait {
  batch_id batch = 0;
  line_no line = 0;
  waiting_entry entry;
};

/// Calls that became ambiguous without the line having a result yet (a crash).
struct ambiguous_calls {
  batch_id batch = 0;
  uint64_t count = 0;
};

struct commit_group {
  std::vector<line_result> results;
  std::vector<line_wait> waits;
  std::vector<ambiguous_calls> ambiguous;
};

/// A batch after a commit touched it.
struct batch_counts {
  batch_id batch = 0;
  batch_progress progress;
};

/// One step of validation: everything in it is written together.
struct validation_step {
  batch_id batch = 0;
  struct id_row {
    hash128 hash{};
    line_no line = 0;
  };
  std::vector<id_row> custom_ids; ///< Of the batch's file, under the batch's rule set.
  validation_cursor next;         ///< Where to go on.
};

/// How validation ended.
struct validation_end {
  batch_id batch = 0;
  uint64_t problem_count = 0;
  std::vector<stored_problem> problems; ///< The first 1,000.
  bool failed = false;                  ///< The batch fails; otherwise it starts.
  bool file_is_good = false; ///< Remember on the file that all lines are good under these rules.
  wall_time now{};
};

/// How many lines failed, by the name of their code (result_codes.hpp), those that never ran among
/// them.
using failure_counts = std::map<std::string, uint64_t>;

/// A position that `fn` of a scan may stop at by returning false.
template <class... Ts>
using visitor = std::function<bool(Ts...)>;

using waiting_lines = std::vector<std::pair<line_no, waiting_entry>>;

/// What a new process needs to go on with a batch. What is per line is asked for a segment at a
/// time: `done_in_segment`, `waiting_in_segment`.
struct batch_resume {
  batch_record batch;
  std::optional<validation_cursor> validation;
  std::vector<uint32_t> unfinished_segments; ///< In order. Selected lines lack a result there.
};

class store {
public:
  virtual ~store() = default;

  // -- uploads -----------------------------------------------------------------------------------
  virtual result<std::unique_ptr<upload>> begin_upload(const new_file& what) = 0;

  // -- blobs -------------------------------------------------------------------------------------
  /// For the result of this line. errc::no_space, errc::io_error: the database is as good as it
  /// was.
  virtual result<std::unique_ptr<blob>> begin_blob(batch_id batch, line_no line) = 0;

  // -- modifiers ---------------------------------------------------------------------------------
  /// Hides the file at once; its pages go when no batch needs them: one that is not at an end, or
  /// that has lines which never ran. errc::not_found.
  virtual result<file_record> delete_file(file_id id) = 0;
  /// Makes a batch over a ready file (status validating, progress.total = lines, or 0 for a retry,
  /// whose selection is made by `select_failed`). `what.lines` is taken from the file, the time of
  /// the request from `what.created`. errc::not_found (file, parent), errc::conflict (same key,
  /// other request; the parent has not ended with results, or its file was deleted),
  /// errc::invalid_input (a retry over another file than its parent's).
  virtual result<created_batch> create_batch(const batch_definition& what,
                                             const idempotency& same) = 0;
  /// errc::conflict when the batch is not validating (any more).
  virtual result<void> record_validation(const validation_step& step) = 0;
  /// errc::conflict when the batch is not validating.
  virtual result<batch_record> end_validation(const validation_end& end) = 0;
  /// Phase 3 for a retry: takes one segment's lines into the selection whose newest result along
  /// the chain of retries (the parent, its parent, … the first batch) is a failure, of the code
  /// `retry_only` where that is given; that a line never ran in the newest batch which had it
  /// selected is a failure too. Never one that succeeded in any of them, nor one that validation
  /// refused. Segments are given in order from 0, or after a restart from the cursor's ordinal on
  /// (phase selecting). Returns the next one, or nothing when that was the last.
  virtual result<std::optional<uint32_t>> select_failed(batch_id retry, uint32_t segment) = 0;
  /// Replaces part 2. errc::conflict when the batch is at an end and its state is another.
  virtual result<batch_record> set_state(batch_id id, const batch_state& state) = 0;
  /// Part 6: where the unrun lines of a segment are in the error file, and in which form.
  struct unrun_segment {
    uint32_t segment = 0;
    uint8_t form = 0; ///< How they are rendered: the floors above number their forms from 1.
    uint64_t offset = 0;
    uint64_t bytes = 0;
    uint32_t lines = 0;
    friend bool operator==(const unrun_segment&, const unrun_segment&) = default;
  };
  /// All of it or nothing; given again it replaces these segments' places. `unrun_bytes` is the
  /// sum.
  virtual result<batch_record> set_unrun(batch_id id, const std::vector<unrun_segment>& segments,
                                         uint64_t unrun_bytes) = 0;
  /// The group commit: one write, so the caller bounds it. Returns the new counts of every batch
  /// that it touched. Results of lines that have one, and of batches that are at an end or unknown,
  /// are dropped.
  virtual result<std::vector<batch_counts>> commit(const commit_group& group) = 0;
  /// Closes and opens again after a failure, and reads anew what was in doubt.
  virtual result<void> reopen() = 0;

  // -- inspectors --------------------------------------------------------------------------------
  virtual result<file_record> get_file(file_id id) const = 0;
  /// Ready files by id, newest first or oldest first, after `after` (0: from the start).
  virtual result<std::vector<file_record>> list_files(file_id after, size_t limit,
                                                      bool newest_first) const = 0;
  virtual result<batch_record> get_batch(batch_id id) const = 0;
  /// Newest first, after `after` (0: from the newest).
  virtual result<std::vector<batch_record>> list_batches(batch_id after, size_t limit) const = 0;
  /// Batches that are not at an end, oldest first, with what is needed to go on.
  virtual result<std::vector<batch_resume>> unfinished_batches() const = 0;
  /// The same of one batch, whatever its state. errc::not_found.
  virtual result<batch_resume> resume_batch(batch_id id) const = 0;
  virtual result<std::vector<stored_problem>> get_problems(batch_id id) const = 0;

  /// The page that holds the byte at `offset`. errc::not_found at the end of the file.
  virtual result<page> read_page(file_id file, uint64_t offset) const = 0;
  /// The page to start at in order to read `line`: it holds a line start at or before it. The job
  /// lines that start in it (behind its first newline, when it is mid-line) have the ordinals from
  /// `lines_before` on. errc::not_found behind the last line.
  virtual result<page> page_of_line(file_id file, line_no line) const = 0;
  /// Of one rule set (rule_set.hpp), ordered by hash, then line, from the row `from` on.
  virtual result<void> scan_custom_ids(file_id file, rule_set_id rules,
                                       const validation_step::id_row& from,
                                       const visitor<const hash128&, line_no>& fn) const = 0;
  virtual result<std::vector<line_no>> find_custom_id(file_id file, rule_set_id rules,
                                                      const hash128& hash) const = 0;

  /// The lines of a segment that have a result or are not selected: all others are pending.
  virtual result<std::vector<bool>> done_in_segment(batch_id id, uint32_t segment) const = 0;
  /// Lines of a segment that waited between two attempts when that was last noted, in order. Those
  /// that have a result by now mean nothing.
  virtual result<waiting_lines> waiting_in_segment(batch_id id, uint32_t segment) const = 0;
  virtual result<std::optional<index_entry>> get_index(batch_id id, line_no line) const = 0;
  /// In order of the file, from `from` on.
  virtual result<void> scan_index(batch_id id, line_no from,
                                  const visitor<line_no, const index_entry&>& fn) const = 0;
  /// Bytes of a log from `offset`: at most `max_bytes`, fewer only at the end of a row; empty at
  /// the end of the log.
  virtual result<std::string> read_output(batch_id id, output_kind kind, uint64_t offset,
                                          size_t max_bytes) const = 0;
  virtual result<std::vector<unrun_segment>> get_unrun(batch_id id) const = 0;
  /// How a segment's lines failed, by their newest results along the chain of retries that ends in
  /// `newest`, which is at its end. Those that `select_failed` would take, and `line_invalid`.
  /// Reads the segment's index rows of every batch of the chain.
  virtual result<failure_counts> failures_in_segment(batch_id newest, uint32_t segment) const = 0;
  /// Checks that counts equal rows and logs have no gaps; every finding is a sentence.
  virtual result<std::vector<std::string>> check(batch_id id) const = 0;
  /// False after a failed write, of an upload too, until `reopen`.
  virtual bool takes_changes() const = 0;
  /// What the store holds in memory and on disk, by name, for metrics and `doctor`.
  virtual std::vector<std::pair<std::string, uint64_t>> measures() const = 0;
};

struct open_options {
  std::string data_dir;
  uint64_t memory_bytes = 0; ///< Of the whole budget, what the store may use.
  std::string program = "perennial";
  /// How much may lie in logs that a start has to read; 0: found from the size of the disk.
  uint64_t log_bytes = 0;
  bool read_only = false; ///< For `doctor`: takes the lock, changes nothing.
};

/// Opens or makes a data directory. errc::conflict names the process that has it already.
result<std::unique_ptr<store>> open_store(const open_options& options);

} // namespace perennial::storage
