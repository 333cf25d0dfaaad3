// The store on RocksDB. Its methods stand in the .cpp files of this folder by subject: uploads,
// files, pages, batches, validation, commit, output, check, recovery.
//
//   one writer      modifiers run on one thread; only they touch `open_` and `doubt_`
//   many readers    inspectors read the database alone, under `gate_` shared
//   reopen          takes `gate_` whole: waits for readers and uploads to leave, lets none in
//   ids             `ids_mutex_`: taken by create_batch and by uploads as they begin
#pragma once

#include "storage/lock_file.hpp"
#include "storage/rocks/blobs.hpp"
#include "storage/rocks/database.hpp"
#include "storage/rocks/doubt.hpp"
#include "storage/rocks/kept_files_fs.hpp"
#include "storage/rocks/open_batch.hpp"
#include "storage/rocks/status.hpp"
#include "storage/store.hpp"

#include <rocksdb/write_batch.h>

#include <atomic>
#include <mutex>
#include <shared_mutex>
#include <unordered_map>

namespace perennial::storage::rocks {

class rocks_store final : public store {
public:
  rocks_store(open_options options, rocksdb::Env* env, lock_file lock);

  /// Opens the database and puts right what the last process left half done.
  result<void> start();

  result<std::unique_ptr<upload>> begin_upload(const new_file& what) override;

  result<std::unique_ptr<blob>> begin_blob(batch_id batch, line_no line) override;

  result<file_record> delete_file(file_id id) override;
  result<created_batch> create_batch(const batch_definition& what,
                                     const idempotency& same) override;
  result<void> record_validation(const validation_step& step) override;
  result<batch_record> end_validation(const validation_end& end) override;
  result<std::optional<uint32_t>> select_failed(batch_id retry, uint32_t segment) override;
  result<batch_record> set_state(batch_id id, const batch_state& state) override;
  result<batch_record> set_unrun(batch_id id, const std::vector<unrun_segment>& segments,
                                 uint64_t unrun_bytes) override;
  result<std::vector<batch_counts>> commit(const commit_group& group) override;
  result<void> reopen() override;

  result<file_record> get_file(file_id id) const override;
  result<std::vector<file_record>> list_files(file_id after, size_t limit,
                                              bool newest_first) const override;
  result<batch_record> get_batch(batch_id id) const override;
  result<std::vector<batch_record>> list_batches(batch_id after, size_t limit) const override;
  result<std::vector<batch_resume>> unfinished_batches() const override;
  result<batch_resume> resume_batch(batch_id id) const override;
  result<std::vector<stored_problem>> get_problems(batch_id id) const override;
  result<page> read_page(file_id file, uint64_t offset) const override;
  result<page> page_of_line(file_id file, line_no line) const override;
  result<void> scan_custom_ids(file_id file, rule_set_id rules, const validation_step::id_row& from,
                               const visitor<const hash128&, line_no>& fn) const override;
  result<std::vector<line_no>> find_custom_id(file_id file, rule_set_id rules,
                                              const hash128& hash) const override;
  result<std::vector<bool>> done_in_segment(batch_id id, uint32_t segment) const override;
  result<waiting_lines> waiting_in_segment(batch_id id, uint32_t segment) const override;
  result<std::optional<index_entry>> get_index(batch_id id, line_no line) const override;
  result<void> scan_index(batch_id id, line_no from,
                          const visitor<line_no, const index_entry&>& fn) const override;
  result<std::string> read_output(batch_id id, output_kind kind, uint64_t offset,
                                  size_t max_bytes) const override;
  result<std::vector<unrun_segment>> get_unrun(batch_id id) const override;
  result<failure_counts> failures_in_segment(batch_id newest, uint32_t segment) const override;
  result<std::vector<std::string>> check(batch_id id) const override;
  bool takes_changes() const override { return !broken_; }
  std::vector<std::pair<std::string, uint64_t>> measures() const override;

  // -- for uploads (upload.cpp) ------------------------------------------------------------------

  /// A stay inside the open database: it is not closed before this is gone.
  struct visit {
    std::shared_lock<std::shared_mutex> hold;
    const database* db = nullptr;
    uint64_t generation = 0; ///< Grows with every reopen.
  };
  result<visit> enter() const;
  /// The same, refused with errc::closed after a write error.
  result<visit> enter_to_write() const;
  /// Where an upload writes its sorted files, with a slash at the end.
  std::string uploads_dir() const { return options_.data_dir + "/uploads/"; }
  rocksdb::Env& env() const noexcept { return *env_; }
  /// A write failed: no more changes until `reopen`.
  void distrust() noexcept { broken_ = true; }

private:
  result<void> open_database();
  /// Learns the last id, and which ids own rows. Returns the files' records.
  result<std::vector<file_record>> settle(const database& db);
  /// Deletes uploads that were not finished, and deleted files that nobody needs any more.
  result<void> clean(const database& db, const std::vector<file_record>& files);

  /// Deletes blobs that no row refers to: of results that were not committed.
  result<void> clean_blobs(const database& db);
  /// Whether the blob is its line's result.
  static result<bool> is_wanted(const database& db, const blob_name& name);

  /// Runs a modifier's body; after a failure that leaves the disk in doubt the store closes.
  template <class F>
  auto modify(F&& body) -> decltype(body(std::declval<const database&>())) {
    if (options_.read_only) return fail(errc::unsupported, "the store is open for reading only");
    if (broken_ || db_ == nullptr) return closed();
    auto out = body(*db_);
    if (!out && rocks::is_final(out.error().kind)) distrust();
    return out;
  }
  static tl::unexpected<error> closed();

  /// Adds the row `last_id` for a new id. Hold `ids_mutex_` until it is written.
  uint64_t next_id(wall_time created, const database& db, rocksdb::WriteBatch& rows);
  friend class rocks_upload;

  result<open_batch*> find_open(const database& db, batch_id id);
  /// Parts 2 and 3 as `batch` has them, and `more`; then the memory takes them over.
  result<batch_record> write_state(const database& db, open_batch& batch, batch_state state,
                                   rocksdb::WriteBatch rows);
  /// Deletes a deleted file's pages when no batch needs them any more.
  result<void> release_file(const database& db, file_id id);
  result<std::vector<batch_counts>> write_group(const database& db, const commit_group& group,
                                                std::map<batch_id, batch_progress>& after);

  const open_options options_;
  const std::shared_ptr<kept_files_fs> files_;
  const std::unique_ptr<rocksdb::Env> env_; ///< Over `files_`; uploads hold on to it too.
  lock_file lock_;
  blob_directory blobs_;

  mutable std::shared_mutex gate_;
  std::atomic<bool> reopening_{false};
  std::atomic<bool> broken_{false};
  std::unique_ptr<database> db_;
  uint64_t generation_ = 0;

  std::mutex ids_mutex_;
  uint64_t last_id_ = 0;

  std::unordered_map<batch_id, open_batch> open_;
  doubt doubt_;
  rocksdb::WriteBatch rows_; ///< The group's; kept for its memory.
};

} // namespace perennial::storage::rocks
