// The tables (RocksDB's column families); `docs/storage.md` says what is in each.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace perennial::storage::rocks {

enum class table : size_t {
  meta,
  files,
  pages,
  batches,
  output,
  index,
  waiting,
  custom_ids,
  idempotency,
};

inline constexpr std::array<std::string_view, 9> table_names{
  "meta", "files", "pages", "batches", "output", "index", "waiting", "custom_ids", "idempotency",
};

/// What this program writes; a database with a higher one is refused.
inline constexpr unsigned schema_version = 1;

} // namespace perennial::storage::rocks
