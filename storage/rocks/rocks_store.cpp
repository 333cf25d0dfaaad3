#include "storage/rocks/rocks_store.hpp"

#include "storage/keys.hpp"
#include "storage/record_codec.hpp"

namespace perennial::storage::rocks {

rocks_store::rocks_store(open_options options, rocksdb::Env* env, lock_file lock)
  : options_(std::move(options))
  , files_(std::make_shared<kept_files_fs>(env->GetFileSystem(), options_.data_dir + "/db"))
  , env_(rocksdb::NewCompositeEnv(files_))
  , lock_(std::move(lock))
  , blobs_(*env_, options_.data_dir + "/blobs/") {}

result<void> rocks_store::start() {
  const std::unique_lock hold{gate_};
  if (auto ok = open_database(); !ok || options_.read_only) return ok;
  return clean_blobs(*db_); // later on there are blobs whose results are on their way
}

result<std::unique_ptr<blob>> rocks_store::begin_blob(batch_id batch, line_no line) {
  if (options_.read_only) return fail(errc::unsupported, "the store is open for reading only");
  return blobs_.begin(batch, line).map([](auto&& b) -> std::unique_ptr<blob> {
    return std::move(b);
  });
}

result<void> rocks_store::reopen() {
  if (options_.read_only) return fail(errc::unsupported, "the store is open for reading only");
  reopening_ = true; // lets nobody in any more, so that those inside leave
  const std::unique_lock hold{gate_};
  broken_ = true;
  open_.clear();
  db_.reset();
  files_->trust();
  auto ok = open_database();
  if (ok) {
    ok = doubt_.settle(
      [&](batch_id id) { return read_batch(*db_, id).map([](auto&& b) { return b.progress; }); });
  }
  if (ok) broken_ = false;
  reopening_ = false;
  return ok;
}

tl::unexpected<error> rocks_store::closed() {
  return fail(errc::closed, "the store is closed after a write error until it is opened again");
}

result<rocks_store::visit> rocks_store::enter() const {
  if (reopening_) return closed();
  visit out{std::shared_lock{gate_}, db_.get(), generation_};
  if (out.db == nullptr) return closed();
  return out;
}

result<rocks_store::visit> rocks_store::enter_to_write() const {
  if (options_.read_only) return fail(errc::unsupported, "the store is open for reading only");
  if (broken_) return closed();
  return enter();
}

uint64_t rocks_store::next_id(wall_time created, const database& db, rocksdb::WriteBatch& rows) {
  last_id_ = std::max(last_id_ + 1, to_unix_ms(created) << 20);
  rows.Put(db.of(table::meta), slice(keys::last_id), encode_last_id(last_id_));
  return last_id_;
}

std::vector<std::pair<std::string, uint64_t>> rocks_store::measures() const {
  std::vector<std::pair<std::string, uint64_t>> out;
  const auto in = enter();
  if (!in) return out;
  const auto sum = [&](const char* name, const std::string& property) {
    uint64_t value = 0;
    if (in->db->raw().GetAggregatedIntProperty(property, &value)) out.emplace_back(name, value);
  };
  using p = rocksdb::DB::Properties;
  out.emplace_back("cache_bytes", in->db->in_force().cache->GetUsage());
  sum("memtable_bytes", p::kCurSizeAllMemTables);
  sum("table_reader_bytes", p::kEstimateTableReadersMem);
  sum("sorted_file_bytes", p::kTotalSstFilesSize);
  sum("pending_compaction_bytes", p::kEstimatePendingCompactionBytes);
  const auto one = [&](const char* name, const std::string& property) {
    uint64_t value = 0;
    if (in->db->raw().GetIntProperty(property, &value)) out.emplace_back(name, value);
  };
  one("running_flushes", p::kNumRunningFlushes);
  one("running_compactions", p::kNumRunningCompactions);
  one("background_errors", p::kBackgroundErrors);
  return out;
}

} // namespace perennial::storage::rocks
