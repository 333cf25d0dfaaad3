// Rows of one table in a range of keys, in order. The range is always bounded, so that a scan does
// not wade through what was deleted behind it.
//
//   row_scan rows{db, table::index, keys::id(batch), keys::id(batch + 1)};
//   for (rows.first(); rows.valid(); rows.next()) use(rows.key(), rows.value());
//   if (auto ok = rows.status(); !ok) return ...;        // an error looks like the end
#pragma once

#include "storage/rocks/database.hpp"
#include "storage/rocks/status.hpp"

#include <rocksdb/iterator.h>

#include <memory>
#include <string>

namespace perennial::storage::rocks {

/// What is read: the database as it is, or as it was when the snapshot was taken.
struct reading {
  reading(const database& d, const rocksdb::Snapshot* s = nullptr)
    : db(&d)
    , snapshot(s) {}
  const database* db;
  const rocksdb::Snapshot* snapshot;
};

/// Holds the database as it is now, for reads that must agree with each other.
class held_snapshot {
public:
  explicit held_snapshot(const database& db)
    : db_(db)
    , snapshot_(db.raw().GetSnapshot()) {}
  ~held_snapshot() { db_.raw().ReleaseSnapshot(snapshot_); }
  held_snapshot(const held_snapshot&) = delete;
  held_snapshot& operator=(const held_snapshot&) = delete;
  operator reading() const { return {db_, snapshot_}; }

private:
  const database& db_;
  const rocksdb::Snapshot* snapshot_;
};

enum class caching : uint8_t { keep, skip };

class row_scan {
public:
  /// Rows with `from` <= key < `to`.
  row_scan(reading from_where, table t, std::string_view from, std::string_view to,
           caching cache = caching::keep)
    : from_(from)
    , to_(to)
    , lower_(slice(from_))
    , upper_(slice(to_)) {
    rocksdb::ReadOptions options;
    options.snapshot = from_where.snapshot;
    options.iterate_lower_bound = &lower_;
    options.iterate_upper_bound = &upper_;
    options.fill_cache = cache == caching::keep;
    rows_.reset(from_where.db->raw().NewIterator(options, from_where.db->of(t)));
  }
  row_scan(const row_scan&) = delete;
  row_scan& operator=(const row_scan&) = delete;

  void first() { rows_->SeekToFirst(); }
  void last() { rows_->SeekToLast(); }
  void seek(std::string_view key) { rows_->Seek(slice(key)); }
  void seek_back(std::string_view key) { rows_->SeekForPrev(slice(key)); }
  void next() { rows_->Next(); }
  void previous() { rows_->Prev(); }

  bool valid() const { return rows_->Valid(); }
  std::string_view key() const { return view(rows_->key()); }
  std::string_view value() const { return view(rows_->value()); }
  result<void> status() const { return to_result(rows_->status(), "reading rows"); }

private:
  std::string from_;
  std::string to_;
  rocksdb::Slice lower_;
  rocksdb::Slice upper_;
  std::unique_ptr<rocksdb::Iterator> rows_;
};

} // namespace perennial::storage::rocks
