// The file system under RocksDB, with one thing put right. When writing or syncing a MANIFEST
// fails, this version deletes the sorted files that it had named there. But the record may be in
// the MANIFEST all the same, and a database whose MANIFEST names a file that is not there cannot be
// opened any more. So from such a failure on nothing of the database is deleted until it has been
// closed; the next opening deletes what no MANIFEST names.
#pragma once

#include <rocksdb/env.h>
#include <rocksdb/file_system.h>

#include <atomic>
#include <memory>
#include <string>

namespace perennial::storage::rocks {

/// Thread-safe.
class kept_files_fs final : public rocksdb::FileSystemWrapper {
public:
  /// `db_dir` is where nothing is deleted while its MANIFEST is in doubt.
  kept_files_fs(const std::shared_ptr<rocksdb::FileSystem>& under, std::string db_dir);

  const char* Name() const override { return "perennial.kept_files"; }

  /// The database was closed: what is deleted from here on, its next opening knows of.
  void trust() noexcept { in_doubt_ = false; }

  rocksdb::IOStatus NewWritableFile(const std::string& path, const rocksdb::FileOptions& o,
                                    std::unique_ptr<rocksdb::FSWritableFile>* out,
                                    rocksdb::IODebugContext* d) override;
  rocksdb::IOStatus NewDirectory(const std::string& path, const rocksdb::IOOptions& o,
                                 std::unique_ptr<rocksdb::FSDirectory>* out,
                                 rocksdb::IODebugContext* d) override;
  rocksdb::IOStatus RenameFile(const std::string& from, const std::string& to,
                               const rocksdb::IOOptions& o, rocksdb::IODebugContext* d) override;
  rocksdb::IOStatus DeleteFile(const std::string& path, const rocksdb::IOOptions& o,
                               rocksdb::IODebugContext* d) override;

private:
  const std::string db_dir_;
  std::atomic<bool> in_doubt_{false};
};

} // namespace perennial::storage::rocks
