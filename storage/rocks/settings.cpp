#include "storage/rocks/settings.hpp"

#include "protocol/base/bytes.hpp"
#include "storage/rocks/forward_log.hpp"

#include <rocksdb/cache.h>
#include <rocksdb/table.h>
#include <rocksdb/write_buffer_manager.h>

#include <algorithm>

namespace perennial::storage::rocks {

namespace {

constexpr uint64_t mib = uint64_t{1} << 20;

rocksdb::BlockBasedTableOptions blocks(const std::shared_ptr<rocksdb::Cache>& cache) {
  rocksdb::BlockBasedTableOptions b;
  b.block_cache = cache;
  b.block_size = 16 * kib;
  b.cache_index_and_filter_blocks = true;
  b.cache_index_and_filter_blocks_with_high_priority = true;
  b.pin_l0_filter_and_index_blocks_in_cache = true;
  b.format_version = 5;
  rocksdb::CacheEntryRoleOptions charged;
  charged.charged = rocksdb::CacheEntryRoleOptions::Decision::kEnabled;
  for (const auto role :
       {rocksdb::CacheEntryRole::kFilterConstruction,
        rocksdb::CacheEntryRole::kBlockBasedTableReader, rocksdb::CacheEntryRole::kFileMetadata}) {
    b.cache_usage_options.options_overrides[role] = charged;
  }
  return b;
}

} // namespace

settings::settings(uint64_t memory_bytes, rocksdb::Env* env, uint64_t log_bytes)
  : files(std::make_shared<live_ids>())
  , batches(std::make_shared<live_ids>()) {
  const auto memory = memory_bytes == 0 ? default_memory_bytes : memory_bytes;
  const auto bounded = std::max(memory, least_memory_bytes);
  const auto memtables = std::min(bounded / 2, 96 * mib);
  big_memtable_bytes_ = std::min(16 * mib, memtables / 4);

  cache = rocksdb::NewLRUCache(bounded, -1, /*strict_capacity_limit=*/false, 0.5);

  auto& d = database;
  d.env = env;
  d.create_if_missing = true;
  d.create_missing_column_families = true;
  d.write_buffer_manager = std::make_shared<rocksdb::WriteBufferManager>(memtables, cache);
  d.wal_recovery_mode = rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;
  d.paranoid_checks = true;
  d.max_bgerror_resume_count = 0;   // a write error is final: we reopen
  d.max_total_wal_size = log_bytes; // RocksDB also lays out a new log with this size
  d.recycle_log_file_num = 0;
  d.avoid_flush_during_recovery = true; // a start must not wait for it
  d.max_open_files = -1;
  d.max_background_jobs = 2;
  d.bytes_per_sync = mib; // an upload's finish finds little left to sync
  d.max_manifest_file_size = 16 * mib;
  d.manifest_preallocation_size = mib / 4;
  d.skip_stats_update_on_db_open = true;
  d.stats_dump_period_sec = 0;
  d.stats_persist_period_sec = 0;
  d.info_log = forward_log();
}

rocksdb::ColumnFamilyOptions settings::of(table t) const {
  rocksdb::ColumnFamilyOptions c;
  auto b = blocks(cache);
  const bool big = t == table::output || t == table::index || t == table::custom_ids;
  c.write_buffer_size = big ? big_memtable_bytes_ : mib;
  c.max_write_buffer_number = 4; // a flush that was asked for must not stop the writer
  c.compression = rocksdb::kLZ4Compression;
  c.level_compaction_dynamic_level_bytes = true;
  c.ttl = 0; // nothing is rewritten for its age
  c.periodic_compaction_seconds = 0;
  if (big) {
    // Results are written out as they are and compressed once, by the compaction after.
    c.compression_per_level.assign(static_cast<size_t>(c.num_levels), rocksdb::kLZ4Compression);
    c.compression_per_level.front() = rocksdb::kNoCompression;
    c.level0_file_num_compaction_trigger = 8;
    c.level0_slowdown_writes_trigger = 32;
    c.level0_stop_writes_trigger = 48;
  }
  if (t == table::pages) {
    c.compression = rocksdb::kNoCompression;
    c.target_file_size_base = 256 * mib;
  }
  if (t == table::pages || t == table::custom_ids) {
    c.compaction_filter_factory = make_dead_row_filter(files);
  }
  if (t == table::waiting) c.compaction_filter_factory = make_dead_row_filter(batches);
  c.table_factory.reset(rocksdb::NewBlockBasedTableFactory(b));
  return c;
}

} // namespace perennial::storage::rocks
