// Gives back the disk of rows that nobody can ask for any more: those of a file or a batch that is
// gone. Ids are never used again, so such rows are dead without a delete; compactions leave them
// out. (No `DeleteRange`: in this version of RocksDB a compaction that meets a range tombstone and
// then a write error, or a shutdown, may abort the process.)
#pragma once

#include <rocksdb/compaction_filter.h>

#include <cstdint>
#include <memory>
#include <mutex>
#include <set>
#include <vector>

namespace perennial::storage::rocks {

/// The ids that rows of a table may belong to. Thread-safe. Until `settle` everything is alive.
class live_ids {
public:
  /// All ids that are alive now; of those up to `last` the others are gone.
  void settle(std::vector<uint64_t> alive, uint64_t last);
  /// Call it before the first row of `id` is written.
  void born(uint64_t id);
  /// Call it when a durable row says that `id` is gone.
  void died(uint64_t id);

  /// Whether nobody may be shown rows of `id` that are still there.
  bool gone(uint64_t id) const;

  /// What was known at one moment. A row of an id above `last` was not there then.
  struct view {
    std::vector<uint64_t> alive; ///< Ascending.
    uint64_t last = 0;

    bool gone(uint64_t id) const;
  };
  view now() const;

private:
  mutable std::mutex mutex_;
  std::set<uint64_t> alive_;
  uint64_t last_ = 0;
};

/// Leaves out rows whose key begins with an id that is gone, without a tombstone.
std::shared_ptr<rocksdb::CompactionFilterFactory>
make_dead_row_filter(std::shared_ptr<const live_ids> ids);

} // namespace perennial::storage::rocks
