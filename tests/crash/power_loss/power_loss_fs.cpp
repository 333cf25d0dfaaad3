#include "tests/crash/power_loss/power_loss_fs.hpp"

#include <rocksdb/file_system.h>

namespace perennial::test {

namespace {

using rocksdb::FileOptions;
using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;
using rocksdb::Slice;

IOStatus no_power() { return IOStatus::IOError("the power is gone"); }

/// Counts each change and every sync; really syncs nothing.
class tracked_file final : public rocksdb::FSWritableFileOwnerWrapper {
public:
  tracked_file(std::unique_ptr<rocksdb::FSWritableFile> file, disk& under, disk::file f,
               std::string path)
    : FSWritableFileOwnerWrapper(std::move(file))
    , disk_(under)
    , file_(std::move(f))
    , path_(std::move(path)) {}

  IOStatus Append(const Slice& data, const IOOptions& o, IODebugContext* d) override {
    if (!disk_.step()) return no_power();
    auto status = FSWritableFileOwnerWrapper::Append(data, o, d);
    if (status.ok()) disk_.grew(*file_, data.size());
    return status;
  }
  IOStatus Append(const Slice& data, const IOOptions& o, const rocksdb::DataVerificationInfo&,
                  IODebugContext* d) override {
    return Append(data, o, d);
  }
  IOStatus PositionedAppend(const Slice&, uint64_t, const IOOptions&, IODebugContext*) override {
    return IOStatus::NotSupported("PositionedAppend");
  }
  IOStatus PositionedAppend(const Slice&, uint64_t, const IOOptions&,
                            const rocksdb::DataVerificationInfo&, IODebugContext*) override {
    return IOStatus::NotSupported("PositionedAppend");
  }
  IOStatus Truncate(uint64_t size, const IOOptions& o, IODebugContext* d) override {
    if (!disk_.step()) return no_power();
    auto status = FSWritableFileOwnerWrapper::Truncate(size, o, d);
    if (status.ok()) disk_.truncated(*file_, size);
    return status;
  }
  IOStatus Sync(const IOOptions&, IODebugContext*) override {
    if (!disk_.step()) return no_power();
    disk_.synced(*file_, path_);
    return IOStatus::OK();
  }
  IOStatus Fsync(const IOOptions& o, IODebugContext* d) override { return Sync(o, d); }
  IOStatus RangeSync(uint64_t, uint64_t, const IOOptions&, IODebugContext*) override {
    return IOStatus::OK(); // no promise: it does not wait for the disk's cache
  }

private:
  disk& disk_;
  disk::file file_;
  std::string path_;
};

class tracked_directory final : public rocksdb::FSDirectoryWrapper {
public:
  tracked_directory(std::unique_ptr<rocksdb::FSDirectory> directory, disk& under, std::string path)
    : FSDirectoryWrapper(std::move(directory))
    , disk_(under)
    , path_(std::move(path)) {}

  IOStatus Fsync(const IOOptions&, IODebugContext*) override {
    if (!disk_.step()) return no_power();
    disk_.synced_directory(path_);
    return IOStatus::OK();
  }
  IOStatus FsyncWithDirOptions(const IOOptions& o, IODebugContext* d,
                               const rocksdb::DirFsyncOptions&) override {
    return Fsync(o, d);
  }

private:
  disk& disk_;
  std::string path_;
};

class power_loss_fs final : public rocksdb::FileSystemWrapper {
public:
  explicit power_loss_fs(disk& under)
    : FileSystemWrapper(rocksdb::FileSystem::Default())
    , disk_(under) {}

  const char* Name() const override { return "power_loss_fs"; }

  IOStatus NewWritableFile(const std::string& path, const FileOptions& o,
                           std::unique_ptr<rocksdb::FSWritableFile>* out,
                           IODebugContext* d) override {
    if (!disk_.step()) return no_power();
    // A new file under the old name; the bytes of the old one may still come back.
    if (target()->FileExists(path, o.io_options, d).ok()) {
      target()->DeleteFile(path, o.io_options, d).PermitUncheckedError();
    }
    auto status = target()->NewWritableFile(path, o, out, d);
    if (status.ok()) wrap(out, disk_.made(path), path);
    return status;
  }
  IOStatus ReopenWritableFile(const std::string& path, const FileOptions& o,
                              std::unique_ptr<rocksdb::FSWritableFile>* out,
                              IODebugContext* d) override {
    if (!disk_.step()) return no_power();
    auto status = target()->ReopenWritableFile(path, o, out, d);
    if (status.ok()) wrap(out, disk_.find(path), path);
    return status;
  }
  IOStatus ReuseWritableFile(const std::string&, const std::string&, const FileOptions&,
                             std::unique_ptr<rocksdb::FSWritableFile>*, IODebugContext*) override {
    return IOStatus::NotSupported("ReuseWritableFile");
  }
  IOStatus NewRandomRWFile(const std::string&, const FileOptions&,
                           std::unique_ptr<rocksdb::FSRandomRWFile>*, IODebugContext*) override {
    return IOStatus::NotSupported("NewRandomRWFile");
  }
  IOStatus NewDirectory(const std::string& path, const IOOptions& o,
                        std::unique_ptr<rocksdb::FSDirectory>* out, IODebugContext* d) override {
    auto status = target()->NewDirectory(path, o, out, d);
    if (status.ok()) *out = std::make_unique<tracked_directory>(std::move(*out), disk_, path);
    return status;
  }
  IOStatus CreateDir(const std::string& path, const IOOptions& o, IODebugContext* d) override {
    if (!disk_.step()) return no_power();
    return change(target()->CreateDir(path, o, d), [&] { disk_.made_directory(path); });
  }
  IOStatus CreateDirIfMissing(const std::string& path, const IOOptions& o,
                              IODebugContext* d) override {
    if (!disk_.step()) return no_power();
    return change(target()->CreateDirIfMissing(path, o, d), [&] { disk_.made_directory(path); });
  }
  IOStatus DeleteFile(const std::string& path, const IOOptions& o, IODebugContext* d) override {
    if (!disk_.step()) return no_power();
    return change(target()->DeleteFile(path, o, d), [&] { disk_.removed(path); });
  }
  IOStatus RenameFile(const std::string& from, const std::string& to, const IOOptions& o,
                      IODebugContext* d) override {
    if (!disk_.step()) return no_power();
    return change(target()->RenameFile(from, to, o, d), [&] { disk_.renamed(from, to); });
  }
  IOStatus LinkFile(const std::string& from, const std::string& to, const IOOptions& o,
                    IODebugContext* d) override {
    if (!disk_.step()) return no_power();
    return change(target()->LinkFile(from, to, o, d), [&] { disk_.linked(from, to); });
  }

private:
  template <class F>
  IOStatus change(IOStatus status, F&& note) {
    if (status.ok()) note();
    return status;
  }
  void wrap(std::unique_ptr<rocksdb::FSWritableFile>* out, disk::file f, const std::string& path) {
    *out = std::make_unique<tracked_file>(std::move(*out), disk_, std::move(f), path);
  }

  disk& disk_;
};

} // namespace

std::unique_ptr<rocksdb::Env> make_power_loss_env(disk& under) {
  return rocksdb::NewCompositeEnv(std::make_shared<power_loss_fs>(under));
}

} // namespace perennial::test
