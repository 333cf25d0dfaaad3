// RocksDB's file system with writes that fail when told to.
#pragma once

#include <rocksdb/env.h>
#include <rocksdb/file_system.h>

#include <atomic>
#include <memory>
#include <string>

namespace perennial::test {

enum class failing : uint8_t {
  nothing,
  appends,     ///< The bytes of a WAL are not written: the disk is full.
  all_appends, ///< Nor those of any other file.
  syncs,       ///< A WAL's are written and cannot be synced: whether they are there is in doubt.
};

class failing_file final : public rocksdb::FSWritableFileOwnerWrapper {
public:
  failing_file(std::unique_ptr<rocksdb::FSWritableFile> file, const std::string& path,
               const std::atomic<failing>& what)
    : FSWritableFileOwnerWrapper(std::move(file))
    , is_wal_(path.ends_with(".log"))
    , what_(what) {}

  rocksdb::IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& o,
                           rocksdb::IODebugContext* d) override {
    const failing now = what_;
    if (now == failing::all_appends || (is_wal_ && now == failing::appends))
      return rocksdb::IOStatus::NoSpace("told to fail");
    return FSWritableFileOwnerWrapper::Append(data, o, d);
  }
  rocksdb::IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& o,
                           const rocksdb::DataVerificationInfo&,
                           rocksdb::IODebugContext* d) override {
    return Append(data, o, d);
  }
  rocksdb::IOStatus Sync(const rocksdb::IOOptions& o, rocksdb::IODebugContext* d) override {
    if (is_wal_ && what_ == failing::syncs) return rocksdb::IOStatus::IOError("told to fail");
    return FSWritableFileOwnerWrapper::Sync(o, d);
  }

private:
  const bool is_wal_;
  const std::atomic<failing>& what_;
};

class failing_fs final : public rocksdb::FileSystemWrapper {
public:
  failing_fs()
    : FileSystemWrapper(rocksdb::FileSystem::Default()) {}

  const char* Name() const override { return "failing_fs"; }

  rocksdb::IOStatus NewWritableFile(const std::string& path, const rocksdb::FileOptions& o,
                                    std::unique_ptr<rocksdb::FSWritableFile>* out,
                                    rocksdb::IODebugContext* d) override {
    auto status = target()->NewWritableFile(path, o, out, d);
    if (status.ok()) {
      *out = std::make_unique<failing_file>(std::move(*out), path, what);
    }
    return status;
  }

  /// A LOG of RocksDB's own would lie on this disk too.
  rocksdb::IOStatus NewLogger(const std::string& path, const rocksdb::IOOptions& o,
                              std::shared_ptr<rocksdb::Logger>* out,
                              rocksdb::IODebugContext* d) override {
    return FileSystem::NewLogger(path, o, out, d);
  }

  std::atomic<failing> what{failing::nothing};
};

} // namespace perennial::test
