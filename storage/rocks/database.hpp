// An open RocksDB database with our tables, and the few calls on it that everything else is made
// of. Thread-safe as RocksDB is; `write` too.
#pragma once

#include "protocol/base/error.hpp"
#include "storage/rocks/settings.hpp"
#include "storage/rocks/tables.hpp"

#include <rocksdb/db.h>

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace perennial::storage::rocks {

inline rocksdb::Slice slice(std::string_view s) { return {s.data(), s.size()}; }
inline std::string_view view(const rocksdb::Slice& s) { return {s.data(), s.size()}; }

enum class durability : uint8_t { synced, written };

class database {
public:
  /// Opens the database in `dir`, or makes it there. Refuses one of a newer schema.
  static result<std::unique_ptr<database>> open(const std::string& dir, settings with,
                                                bool read_only);
  ~database();
  database(const database&) = delete;
  database& operator=(const database&) = delete;

  rocksdb::DB& raw() const noexcept { return *db_; }
  rocksdb::ColumnFamilyHandle* of(table t) const noexcept {
    return handles_[static_cast<size_t>(t)];
  }
  const settings& in_force() const noexcept { return settings_; }

  result<std::optional<std::string>> get(table t, std::string_view key) const;
  result<void> write(rocksdb::WriteBatch& rows, durability how, std::string_view doing) const;
  /// A file, or a batch's work, is gone, as a durable row says. Gives back the sorted files that
  /// have nothing but its rows; compactions leave out the others. Failures are logged.
  void file_died(uint64_t id) const;
  void batch_died(uint64_t id) const;

private:
  explicit database(settings with)
    : settings_(std::move(with)) {}
  rocksdb::Status open_tables(const std::string& dir, bool read_only);
  result<void> settle_schema(bool read_only) const;
  void drop_sorted_files(table t, uint64_t id) const;

  settings settings_;
  rocksdb::DB* db_ = nullptr;
  rocksdb::ColumnFamilyHandle* default_ = nullptr;
  std::array<rocksdb::ColumnFamilyHandle*, table_names.size()> handles_{};
};

} // namespace perennial::storage::rocks
