// The settings of RocksDB; `docs/storage.md` says why each is as it is.
#pragma once

#include "storage/disk_space.hpp"
#include "storage/rocks/live_ids.hpp"
#include "storage/rocks/tables.hpp"

#include <rocksdb/options.h>

#include <cstdint>
#include <memory>

namespace perennial::storage::rocks {

/// What the caches and memtables may take when nothing was said, and at least.
inline constexpr uint64_t default_memory_bytes = uint64_t{128} << 20;
inline constexpr uint64_t least_memory_bytes = uint64_t{32} << 20;

/// Everything needed to open a database, made from two numbers of bytes.
struct settings {
  settings(uint64_t memory_bytes, rocksdb::Env* env, uint64_t log_bytes = most_log_bytes);

  rocksdb::ColumnFamilyOptions of(table t) const;
  /// For sorted files that are written beside the database and ingested into `t`.
  rocksdb::Options whole(table t) const { return {database, of(t)}; }

  rocksdb::DBOptions database;
  std::shared_ptr<rocksdb::Cache> cache; ///< Blocks, and what the memtables take.
  /// Those that own rows of `pages` and `custom_ids`, and of `waiting`.
  std::shared_ptr<live_ids> files;
  std::shared_ptr<live_ids> batches;

private:
  uint64_t big_memtable_bytes_;
};

} // namespace perennial::storage::rocks
