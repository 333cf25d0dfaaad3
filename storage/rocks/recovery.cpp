// Opening, and what a start puts right: uploads that were not finished leave nothing, pages that
// nobody needs go. Nothing is done per line.
#include "storage/disk_space.hpp"
#include "storage/keys.hpp"
#include "storage/record_codec.hpp"
#include "storage/rocks/open.hpp"
#include "storage/rocks/rocks_store.hpp"
#include "storage/rocks/torn_log.hpp"

#include <rocksdb/env.h>

#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

namespace perennial::storage {

namespace rocks {

namespace {

/// Makes the entries of a directory durable.
rocksdb::Status sync_directory(rocksdb::Env& env, const std::string& path) {
  std::unique_ptr<rocksdb::Directory> dir;
  auto status = env.NewDirectory(path, &dir);
  if (status.ok()) status = dir->Fsync();
  return status;
}

rocksdb::Status empty_directory(rocksdb::Env& env, const std::string& path) {
  std::vector<std::string> names;
  auto status = env.GetChildren(path, &names);
  for (const auto& name : names) {
    if (!status.ok()) break;
    if (name != "." && name != "..") status = env.DeleteFile(path + name);
  }
  return status;
}

/// Uploads are taken into the database by rename, which works within one file system only.
result<void> check_one_file_system(const std::string& db_dir, const std::string& uploads_dir) {
  struct stat db {};
  struct stat uploads {};
  // What cannot be looked at is no ground to refuse: an upload says what is wrong.
  if (::stat(db_dir.c_str(), &db) != 0 || ::stat(uploads_dir.c_str(), &uploads) != 0) return {};
  if (db.st_dev == uploads.st_dev) return {};
  return fail(errc::unsupported,
              "{} is on another file system than {}; uploads are moved from one to the other by "
              "rename: put both on the same",
              uploads_dir, db_dir);
}

} // namespace

result<void> rocks_store::open_database() {
  const auto db_dir = options_.data_dir + "/db";
  if (!options_.read_only) {
    auto status = env_->CreateDirIfMissing(db_dir);
    if (status.ok()) status = env_->CreateDirIfMissing(uploads_dir());
    if (status.ok()) status = env_->CreateDirIfMissing(options_.data_dir + "/blobs");
    if (status.ok()) {
      if (auto ok = check_one_file_system(db_dir, uploads_dir()); !ok) return ok;
      status = empty_directory(*env_, uploads_dir());
    }
    if (status.ok()) status = cut_torn_logs(*env_, db_dir);
    // RocksDB syncs the entries in db/, but nobody else the entry of db/ itself.
    if (status.ok()) status = sync_directory(*env_, options_.data_dir);
    if (!status.ok()) {
      return tl::unexpected{to_error(status, fmt::format("preparing {}", options_.data_dir))};
    }
  }
  auto log_bytes = options_.log_bytes;
  if (log_bytes == 0) {
    const auto disk = look_at_disk(options_.data_dir);
    log_bytes = disk ? log_bytes_for(disk->size) : most_log_bytes;
  }
  auto db = database::open(db_dir, settings{options_.memory_bytes, env_.get(), log_bytes},
                           options_.read_only);
  if (!db) return tl::unexpected{db.error()};
  auto files = settle(**db);
  if (!files) return tl::unexpected{files.error()};
  if (!options_.read_only) {
    if (auto ok = clean(**db, *files); !ok) return ok;
  }
  db_ = std::move(*db);
  ++generation_;
  return {};
}

result<std::vector<file_record>> rocks_store::settle(const database& db) {
  auto last = db.get(table::meta, keys::last_id);
  if (!last) return tl::unexpected{last.error()};
  if (*last) {
    auto id = decode_last_id(**last);
    if (!id) return tl::unexpected{id.error()};
    last_id_ = std::max(last_id_, *id);
  }
  std::vector<file_record> files;
  std::vector<file_id> owners;
  row_scan rows{db, table::files, keys::id(0), keys::id(keys::no_more)};
  for (rows.first(); rows.valid(); rows.next()) {
    auto file = decode_file(keys::first_id(rows.key()), rows.value());
    if (!file) return tl::unexpected{file.error()};
    last_id_ = std::max(last_id_, file->id);
    owners.push_back(file->id);
    files.push_back(std::move(*file));
  }
  if (auto ok = rows.status(); !ok) return tl::unexpected{ok.error()};
  db.in_force().files->settle(std::move(owners), last_id_);

  std::vector<batch_id> unfinished;
  row_scan batches{db, table::batches, keys::id(0), keys::id(keys::no_more)};
  batches.first();
  while (batches.valid()) {
    const auto id = keys::first_id(batches.key());
    const auto batch = read_batch(db, id);
    // One that cannot be read may need its rows when somebody has mended it.
    if (!batch || !storage::is_final(batch->state.status)) unfinished.push_back(id);
    batches.seek(keys::id(id + 1));
  }
  if (auto ok = batches.status(); !ok) return tl::unexpected{ok.error()};
  db.in_force().batches->settle(std::move(unfinished), last_id_);
  return files;
}

result<void> rocks_store::clean(const database& db, const std::vector<file_record>& files) {
  for (const auto& file : files) {
    const auto id = file.id;
    if (file.state == file_state::deleted) {
      if (auto ok = release_file(db, id); !ok) return ok;
    }
    if (file.state != file_state::uploading) continue;
    rocksdb::WriteBatch change;
    change.Delete(db.of(table::files), slice(keys::id(id)));
    if (auto ok = db.write(change, durability::synced, "deleting an unfinished upload"); !ok) {
      return ok;
    }
    db.file_died(id);
  }
  return {};
}

result<void> rocks_store::clean_blobs(const database& db) {
  const auto found = blobs_.list();
  if (!found) return tl::unexpected{found.error()};
  for (const auto& name : *found) {
    const auto wanted = is_wanted(db, name);
    if (!wanted) return tl::unexpected{wanted.error()};
    if (!*wanted) blobs_.remove(name);
  }
  return {};
}

result<bool> rocks_store::is_wanted(const database& db, const blob_name& name) {
  const auto index = db.get(table::index, keys::id_and_number(name.batch, name.line));
  if (!index) return tl::unexpected{index.error()};
  if (!*index) return false;
  const auto entry = decode_index(**index);
  if (!entry) return true; // somebody may want to mend it
  // A line among others of one row has none at its offset.
  const auto row = db.get(table::output, keys::output(name.batch, entry->kind, entry->offset));
  if (!row) return tl::unexpected{row.error()};
  if (!*row || !is_blob_reference(**row)) return false;
  const auto blob = decode_blob_reference(**row);
  return !blob || blob->number == name.number;
}

} // namespace rocks

result<std::unique_ptr<store>> open_rocks_store(const open_options& options, rocksdb::Env* env) {
  std::error_code failed;
  if (options.read_only) {
    if (!std::filesystem::is_directory(options.data_dir + "/db", failed)) {
      return fail(errc::not_found, "{} is not a data directory: it has no db/", options.data_dir);
    }
  } else if (std::filesystem::create_directories(options.data_dir, failed)) {
    // What people sent is nobody else's business.
    std::filesystem::permissions(options.data_dir, std::filesystem::perms::owner_all, failed);
  }
  if (failed) {
    return fail(failed.value() == ENOSPC ? errc::no_space : errc::io_error, "{} cannot be made: {}",
                options.data_dir, failed.message());
  }
  auto lock = lock_file::take(options.data_dir, options.program);
  if (!lock) return tl::unexpected{lock.error()};
  auto out = std::make_unique<rocks::rocks_store>(options, env, std::move(*lock));
  if (auto ok = out->start(); !ok) return tl::unexpected{ok.error()};
  return out;
}

result<std::unique_ptr<store>> open_store(const open_options& options) {
  return open_rocks_store(options, rocksdb::Env::Default());
}

} // namespace perennial::storage
