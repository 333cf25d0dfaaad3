#include "storage/rocks/kept_files_fs.hpp"

#include "protocol/base/log.hpp"

#include <string_view>
#include <utility>

namespace perennial::storage::rocks {

namespace {

using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;
using rocksdb::Slice;

std::string_view name_of(std::string_view path) { return path.substr(path.rfind('/') + 1); }

/// Notes when it cannot be written or synced.
class manifest_file final : public rocksdb::FSWritableFileOwnerWrapper {
public:
  manifest_file(std::unique_ptr<rocksdb::FSWritableFile> file, std::atomic<bool>& in_doubt)
    : FSWritableFileOwnerWrapper(std::move(file))
    , in_doubt_(in_doubt) {}

  using FSWritableFileOwnerWrapper::Append;

  IOStatus Append(const Slice& data, const IOOptions& o, IODebugContext* d) override {
    return note(FSWritableFileOwnerWrapper::Append(data, o, d));
  }
  IOStatus Append(const Slice& data, const IOOptions& o, const rocksdb::DataVerificationInfo& v,
                  IODebugContext* d) override {
    return note(FSWritableFileOwnerWrapper::Append(data, o, v, d));
  }
  IOStatus Flush(const IOOptions& o, IODebugContext* d) override {
    return note(FSWritableFileOwnerWrapper::Flush(o, d));
  }
  IOStatus Sync(const IOOptions& o, IODebugContext* d) override {
    return note(FSWritableFileOwnerWrapper::Sync(o, d));
  }
  IOStatus Fsync(const IOOptions& o, IODebugContext* d) override {
    return note(FSWritableFileOwnerWrapper::Fsync(o, d));
  }

private:
  IOStatus note(IOStatus status) {
    if (!status.ok()) in_doubt_ = true;
    return status;
  }

  std::atomic<bool>& in_doubt_;
};

/// A CURRENT that names a new MANIFEST, and whose entry cannot be synced.
class noted_directory final : public rocksdb::FSDirectoryWrapper {
public:
  noted_directory(std::unique_ptr<rocksdb::FSDirectory> directory, std::atomic<bool>& in_doubt)
    : FSDirectoryWrapper(std::move(directory))
    , in_doubt_(in_doubt) {}

  IOStatus Fsync(const IOOptions& o, IODebugContext* d) override {
    return note(FSDirectoryWrapper::Fsync(o, d));
  }
  IOStatus FsyncWithDirOptions(const IOOptions& o, IODebugContext* d,
                               const rocksdb::DirFsyncOptions& what) override {
    return note(FSDirectoryWrapper::FsyncWithDirOptions(o, d, what));
  }

private:
  IOStatus note(IOStatus status) {
    if (!status.ok()) in_doubt_ = true;
    return status;
  }

  std::atomic<bool>& in_doubt_;
};

} // namespace

kept_files_fs::kept_files_fs(const std::shared_ptr<rocksdb::FileSystem>& under, std::string db_dir)
  : FileSystemWrapper(under)
  , db_dir_(std::move(db_dir)) {}

IOStatus kept_files_fs::NewWritableFile(const std::string& path, const rocksdb::FileOptions& o,
                                        std::unique_ptr<rocksdb::FSWritableFile>* out,
                                        IODebugContext* d) {
  auto status = target()->NewWritableFile(path, o, out, d);
  if (status.ok() && name_of(path).starts_with("MANIFEST-")) {
    *out = std::make_unique<manifest_file>(std::move(*out), in_doubt_);
  }
  return status;
}

IOStatus kept_files_fs::NewDirectory(const std::string& path, const IOOptions& o,
                                     std::unique_ptr<rocksdb::FSDirectory>* out,
                                     IODebugContext* d) {
  auto status = target()->NewDirectory(path, o, out, d);
  if (status.ok()) *out = std::make_unique<noted_directory>(std::move(*out), in_doubt_);
  return status;
}

IOStatus kept_files_fs::RenameFile(const std::string& from, const std::string& to,
                                   const IOOptions& o, IODebugContext* d) {
  auto status = target()->RenameFile(from, to, o, d);
  if (!status.ok() && name_of(to) == "CURRENT") in_doubt_ = true;
  return status;
}

IOStatus kept_files_fs::DeleteFile(const std::string& path, const IOOptions& o, IODebugContext* d) {
  const bool of_database =
    path.starts_with(db_dir_) && path.size() > db_dir_.size() && path[db_dir_.size()] == '/';
  if (!in_doubt_ || !of_database) return target()->DeleteFile(path, o, d);
  logging::debug("{} is kept until the database is opened again", path);
  return IOStatus::OK();
}

} // namespace perennial::storage::rocks
