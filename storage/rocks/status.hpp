// RocksDB's status as the project's error. Private to storage/.
#pragma once

#include "protocol/base/error.hpp"

#include <rocksdb/status.h>

#include <string_view>

namespace perennial::storage::rocks {

/// What went wrong while `doing` something, as in "committing results".
error to_error(const rocksdb::Status& status, std::string_view doing);

inline result<void> to_result(const rocksdb::Status& status, std::string_view doing) {
  if (status.ok()) return {};
  return tl::unexpected{to_error(status, doing)};
}

/// Whether the open database is no longer to be trusted after a change failed like this.
constexpr bool is_final(errc kind) {
  return kind == errc::io_error || kind == errc::no_space || kind == errc::corrupt;
}

} // namespace perennial::storage::rocks
