// RocksDB's file system whose Nth change fails: the write, sync, creation, rename or link, counted
// from when it is told. Syncs nothing really, for speed.
#pragma once

#include <rocksdb/env.h>
#include <rocksdb/file_system.h>

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

namespace perennial::test {

enum class disk_fault : uint8_t {
  io_error,
  no_space,
  short_write, ///< Half of the bytes are there; then there was no room. Elsewhere: no_space.
};

class nth_failure {
public:
  /// The `n`-th change from now fails, and with `lasting` all after it until `heal`. Counted are
  /// changes of files whose names end with `of`.
  void fail_at(uint64_t n, disk_fault what, bool lasting, std::string_view of = {}) {
    of_ = of;
    what_ = what;
    lasting_ = lasting;
    met_ = false;
    left_ = n;
  }
  void heal() { left_ = 0; }
  bool met() const { return met_; }
  /// What failed first: "write .log", "rename .dbtmp".
  std::string met_at() const {
    const std::lock_guard lock{mutex_};
    return met_at_;
  }
  disk_fault what() const { return what_; }

  /// Counts a change that is about to be made; what it fails with, if it does.
  rocksdb::IOStatus step(const char* change, const std::string& path) {
    auto left = left_.load();
    if (left == 0 || !path.ends_with(of_)) return rocksdb::IOStatus::OK();
    while (left > 1 && !left_.compare_exchange_weak(left, left - 1)) {
    }
    if (left != 1) return rocksdb::IOStatus::OK();
    if (!lasting_) left_.compare_exchange_strong(left, 0);
    if (!met_.exchange(true)) {
      const std::lock_guard lock{mutex_};
      const std::filesystem::path p{path};
      met_at_ = change + std::string{" "} +
                (p.has_extension() ? p.extension().string() : p.stem().string().substr(0, 8));
    }
    return what_ == disk_fault::io_error ? rocksdb::IOStatus::IOError("told to fail")
                                         : rocksdb::IOStatus::NoSpace("told to fail");
  }

private:
  std::atomic<uint64_t> left_{0}; ///< 0: nothing fails; 1: the next one does.
  std::atomic<disk_fault> what_{disk_fault::io_error};
  std::atomic<bool> lasting_{false};
  std::atomic<bool> met_{false};
  std::string_view of_; ///< Set while no file is written to.
  mutable std::mutex mutex_;
  std::string met_at_;
};

class nth_failure_file final : public rocksdb::FSWritableFileOwnerWrapper {
public:
  nth_failure_file(std::unique_ptr<rocksdb::FSWritableFile> file, std::string path,
                   nth_failure& plan)
    : FSWritableFileOwnerWrapper(std::move(file))
    , path_(std::move(path))
    , plan_(plan) {}

  rocksdb::IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& o,
                           rocksdb::IODebugContext* d) override {
    auto status = plan_.step("write", path_);
    if (status.ok()) return FSWritableFileOwnerWrapper::Append(data, o, d);
    if (plan_.what() == disk_fault::short_write) {
      FSWritableFileOwnerWrapper::Append({data.data(), data.size() / 2}, o, d)
        .PermitUncheckedError();
    }
    return status;
  }
  rocksdb::IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& o,
                           const rocksdb::DataVerificationInfo&,
                           rocksdb::IODebugContext* d) override {
    return Append(data, o, d);
  }
  rocksdb::IOStatus Sync(const rocksdb::IOOptions&, rocksdb::IODebugContext*) override {
    return plan_.step("sync", path_);
  }
  rocksdb::IOStatus Fsync(const rocksdb::IOOptions&, rocksdb::IODebugContext*) override {
    return plan_.step("sync", path_);
  }
  rocksdb::IOStatus RangeSync(uint64_t, uint64_t, const rocksdb::IOOptions&,
                              rocksdb::IODebugContext*) override {
    return rocksdb::IOStatus::OK();
  }

private:
  const std::string path_;
  nth_failure& plan_;
};

class nth_failure_directory final : public rocksdb::FSDirectoryWrapper {
public:
  nth_failure_directory(std::unique_ptr<rocksdb::FSDirectory> directory, std::string path,
                        nth_failure& plan)
    : FSDirectoryWrapper(std::move(directory))
    , path_(std::move(path))
    , plan_(plan) {}

  rocksdb::IOStatus Fsync(const rocksdb::IOOptions&, rocksdb::IODebugContext*) override {
    return plan_.step("sync of directory", path_);
  }
  rocksdb::IOStatus FsyncWithDirOptions(const rocksdb::IOOptions&, rocksdb::IODebugContext*,
                                        const rocksdb::DirFsyncOptions&) override {
    return plan_.step("sync of directory", path_);
  }

private:
  const std::string path_;
  nth_failure& plan_;
};

class nth_failure_fs final : public rocksdb::FileSystemWrapper {
public:
  nth_failure_fs()
    : FileSystemWrapper(rocksdb::FileSystem::Default()) {}

  const char* Name() const override { return "nth_failure_fs"; }

  rocksdb::IOStatus NewWritableFile(const std::string& path, const rocksdb::FileOptions& o,
                                    std::unique_ptr<rocksdb::FSWritableFile>* out,
                                    rocksdb::IODebugContext* d) override {
    if (auto status = plan.step("creation", path); !status.ok()) return status;
    return wrap(target()->NewWritableFile(path, o, out, d), path, out);
  }
  rocksdb::IOStatus ReopenWritableFile(const std::string& path, const rocksdb::FileOptions& o,
                                       std::unique_ptr<rocksdb::FSWritableFile>* out,
                                       rocksdb::IODebugContext* d) override {
    if (auto status = plan.step("opening", path); !status.ok()) return status;
    return wrap(target()->ReopenWritableFile(path, o, out, d), path, out);
  }
  rocksdb::IOStatus NewDirectory(const std::string& path, const rocksdb::IOOptions& o,
                                 std::unique_ptr<rocksdb::FSDirectory>* out,
                                 rocksdb::IODebugContext* d) override {
    auto status = target()->NewDirectory(path, o, out, d);
    if (status.ok()) *out = std::make_unique<nth_failure_directory>(std::move(*out), path, plan);
    return status;
  }
  rocksdb::IOStatus CreateDirIfMissing(const std::string& path, const rocksdb::IOOptions& o,
                                       rocksdb::IODebugContext* d) override {
    if (auto status = plan.step("creation", path); !status.ok()) return status;
    return target()->CreateDirIfMissing(path, o, d);
  }
  rocksdb::IOStatus RenameFile(const std::string& from, const std::string& to,
                               const rocksdb::IOOptions& o, rocksdb::IODebugContext* d) override {
    if (auto status = plan.step("rename", from); !status.ok()) return status;
    return target()->RenameFile(from, to, o, d);
  }
  rocksdb::IOStatus LinkFile(const std::string& from, const std::string& to,
                             const rocksdb::IOOptions& o, rocksdb::IODebugContext* d) override {
    if (auto status = plan.step("link", from); !status.ok()) return status;
    return target()->LinkFile(from, to, o, d);
  }
  /// A LOG of RocksDB's own would lie on this disk too.
  rocksdb::IOStatus NewLogger(const std::string& path, const rocksdb::IOOptions& o,
                              std::shared_ptr<rocksdb::Logger>* out,
                              rocksdb::IODebugContext* d) override {
    return FileSystem::NewLogger(path, o, out, d);
  }

  nth_failure plan;

private:
  rocksdb::IOStatus wrap(rocksdb::IOStatus status, const std::string& path,
                         std::unique_ptr<rocksdb::FSWritableFile>* out) {
    if (status.ok()) *out = std::make_unique<nth_failure_file>(std::move(*out), path, plan);
    return status;
  }
};

} // namespace perennial::test
