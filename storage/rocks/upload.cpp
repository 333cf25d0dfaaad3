// Uploads: pages go into sorted files beside the database, which `finish` ingests by rename. The
// record says `uploading` until then; whatever is cut off leaves that, and the next start deletes.
#include "storage/keys.hpp"
#include "storage/page_cutter.hpp"
#include "storage/record_codec.hpp"
#include "storage/rocks/rocks_store.hpp"

#include "protocol/base/log.hpp"

#include <rocksdb/env.h>
#include <rocksdb/sst_file_writer.h>

#include <future>

namespace perennial::storage::rocks {

/// The most that one sorted file takes.
constexpr uint64_t sorted_file_bytes = uint64_t{256} << 20;
/// So many bytes at once are hashed beside the writing.
constexpr size_t worth_a_thread = size_t{512} << 10;

class rocks_upload final : public upload {
public:
  rocks_upload(rocks_store& in, file_record file, uint64_t generation)
    : store_(in)
    , file_(std::move(file))
    , generation_(generation)
    , cutter_([this](const cut_page& p) { return write_page(p); }) {}

  ~rocks_upload() override {
    if (!done_) give_up();
  }

  file_id id() const override { return file_.id; }
  result<void> append(std::string_view bytes) override;
  void expire_at(wall_time when) override { file_.expires = when; }
  result<file_record> finish() override;

private:
  result<rocks_store::visit> enter() const;
  result<void> write_page(const cut_page& page);
  result<void> end_sorted_file();
  result<void> ingest(const database& db);
  void give_up();

  rocks_store& store_;
  file_record file_;
  const uint64_t generation_;
  page_cutter cutter_;
  sha256_stream hash_;
  const database* db_ = nullptr; ///< During a call.
  std::unique_ptr<rocksdb::SstFileWriter> writer_;
  uint64_t in_sorted_file_ = 0;
  std::vector<std::string> sorted_files_;
  std::string row_; ///< Kept for its memory.
  bool failed_ = false;
  bool done_ = false;
};

result<std::unique_ptr<upload>> rocks_store::begin_upload(const new_file& what) {
  auto in = enter_to_write();
  if (!in) return tl::unexpected{in.error()};
  file_record file;
  file.name = what.name;
  file.purpose = what.purpose;
  file.created = what.created;
  file.expires = what.expires;
  const std::lock_guard lock{ids_mutex_};
  rocksdb::WriteBatch rows;
  file.id = next_id(what.created, *in->db, rows);
  in->db->in_force().files->born(file.id);
  rows.Put(in->db->of(table::files), slice(keys::id(file.id)), encode_file(file));
  if (auto ok = in->db->write(rows, durability::synced, "beginning an upload"); !ok) {
    distrust();
    return tl::unexpected{ok.error()};
  }
  return std::make_unique<rocks_upload>(*this, std::move(file), in->generation);
}

result<rocks_store::visit> rocks_upload::enter() const {
  if (failed_ || done_) return fail(errc::closed, "the upload has ended");
  auto in = store_.enter_to_write();
  if (in && in->generation != generation_) {
    return fail(errc::closed,
                "the store was opened again during the upload; upload the file again");
  }
  return in;
}

result<void> rocks_upload::append(std::string_view bytes) {
  auto in = enter();
  if (!in) return tl::unexpected{in.error()};
  db_ = in->db;
  // The hash takes as long as the rest.
  std::future<void> hashed;
  if (bytes.size() >= worth_a_thread) {
    hashed = std::async(std::launch::async, [&] { hash_.update(bytes); });
  } else {
    hash_.update(bytes);
  }
  auto ok = cutter_.append(bytes);
  if (hashed.valid()) hashed.get();
  failed_ = !ok;
  return ok;
}

result<void> rocks_upload::write_page(const cut_page& page) {
  if (writer_ == nullptr) {
    const auto options = db_->in_force().whole(table::pages);
    // Validation reads the pages next: they stay in the page cache.
    writer_ = std::make_unique<rocksdb::SstFileWriter>(rocksdb::EnvOptions{options}, options,
                                                       db_->of(table::pages),
                                                       /*invalidate_page_cache=*/false);
    auto path =
      fmt::format("{}{:016x}-{:04}.sst", store_.uploads_dir(), file_.id, sorted_files_.size());
    const auto status = writer_->Open(path);
    if (!status.ok()) return to_result(status, "making a file for the upload");
    sorted_files_.push_back(std::move(path));
    in_sorted_file_ = 0;
  }
  const auto head = encode_page_head(page.lines_before, page.mid_line, page.counted);
  row_.assign(head.data(), head.size());
  row_.append(page.bytes);
  const auto status = writer_->Put(slice(keys::id_and_number(file_.id, page.offset)), row_);
  if (!status.ok()) return to_result(status, "writing the upload");
  in_sorted_file_ += row_.size();
  return in_sorted_file_ >= sorted_file_bytes ? end_sorted_file() : result<void>{};
}

result<void> rocks_upload::end_sorted_file() {
  if (writer_ == nullptr) return {};
  const auto status = writer_->Finish();
  writer_.reset();
  return to_result(status, "syncing the upload");
}

result<void> rocks_upload::ingest(const database& db) {
  if (sorted_files_.empty()) return {};
  rocksdb::IngestExternalFileOptions options;
  options.move_files = true;
  options.failed_move_fall_back_to_copy = false; // recovery.cpp sees to one file system
  options.write_global_seqno = false;            // the file was synced and stays as it is
  const auto status = db.raw().IngestExternalFile(db.of(table::pages), sorted_files_, options);
  return to_result(status, "taking the upload into the database");
}

result<file_record> rocks_upload::finish() {
  auto in = enter();
  if (!in) return tl::unexpected{in.error()};
  db_ = in->db;
  failed_ = true; // until all of it is done
  auto ok = cutter_.finish();
  if (ok) ok = end_sorted_file();
  if (!ok) return tl::unexpected{ok.error()};
  file_.state = file_state::ready;
  file_.bytes = cutter_.bytes();
  file_.lines = cutter_.lines();
  file_.sha256 = hash_.finish();
  rocksdb::WriteBatch rows;
  rows.Put(db_->of(table::files), slice(keys::id(file_.id)), encode_file(file_));
  ok = ingest(*db_);
  if (ok) ok = db_->write(rows, durability::synced, "finishing an upload");
  if (!ok) {
    store_.distrust(); // whether the file is visible is in doubt
    return tl::unexpected{ok.error()};
  }
  failed_ = false;
  done_ = true;
  return file_;
}

void rocks_upload::give_up() {
  writer_.reset();
  auto in = store_.enter_to_write();
  if (!in || in->generation != generation_) return; // the start that follows cleans up
  for (const auto& path : sorted_files_) {
    if (const auto status = store_.env().DeleteFile(path); !status.ok()) {
      logging::warn("deleting a part of an unfinished upload failed: {}", status.ToString());
    }
  }
  rocksdb::WriteBatch rows;
  rows.Delete(in->db->of(table::files), slice(keys::id(file_.id)));
  if (auto ok = in->db->write(rows, durability::written, "giving up an upload"); !ok) {
    store_.distrust();
    return;
  }
  in->db->in_force().files->died(file_.id);
}

} // namespace perennial::storage::rocks
