// What a file system has room for. A look costs about a microsecond.
#pragma once

#include "protocol/base/error.hpp"

#include <algorithm>
#include <cstdint>
#include <string>

namespace perennial::storage {

struct disk_space {
  uint64_t size = 0; ///< Bytes of the whole file system.
  uint64_t free = 0; ///< Bytes that this process may still write.
};

/// Of the file system that `path` lies on. errc::io_error.
result<disk_space> look_at_disk(const std::string& path);

/// The store's logs that a start has to read are held at this, or at a sixteenth of the disk where
/// that is less. Written out they take as much again for a while.
inline constexpr uint64_t most_log_bytes = uint64_t{32} << 20;
inline constexpr uint64_t least_log_bytes = uint64_t{2} << 20;
constexpr uint64_t log_bytes_for(uint64_t disk_bytes) noexcept {
  return std::clamp(disk_bytes / 16, least_log_bytes, most_log_bytes);
}

} // namespace perennial::storage
