// What a file system has room for. A look costs about a microsecond.
#pragma once

#include "protocol/base/error.hpp"

#include <cstdint>
#include <string>

namespace perennial::storage {

struct disk_space {
  uint64_t size = 0; ///< Bytes of the whole file system.
  uint64_t free = 0; ///< Bytes that this process may still write.
};

/// Of the file system that `path` lies on. errc::io_error.
result<disk_space> look_at_disk(const std::string& path);

} // namespace perennial::storage
