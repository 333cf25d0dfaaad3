#include "storage/ballast.hpp"

#include "protocol/base/unique_fd.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace perennial::storage {

namespace {

constexpr uint64_t stat_block_bytes = 512;

/// Bytes on disk; a file that was cut off while it was made has fewer than it says.
uint64_t allocated_bytes(const std::string& path) {
  struct stat found {};
  if (::stat(path.c_str(), &found) != 0 || !S_ISREG(found.st_mode)) return 0;
  return std::min(static_cast<uint64_t>(found.st_size),
                  static_cast<uint64_t>(found.st_blocks) * stat_block_bytes);
}

} // namespace

ballast::ballast(std::string path)
  : path_(std::move(path))
  , bytes_(allocated_bytes(path_)) {}

uint64_t ballast::bytes() const {
  const std::lock_guard lock{mutex_};
  return bytes_;
}

result<void> ballast::make(uint64_t bytes) {
  const std::lock_guard lock{mutex_};
  if (bytes_ >= bytes) return {};
  const unique_fd fd{::open(path_.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600)};
  const int code = fd ? ::posix_fallocate(fd.get(), 0, static_cast<off_t>(bytes)) : errno;
  if (code != 0) {
    ::unlink(path_.c_str());
    bytes_ = 0;
    return fail(code == ENOSPC ? errc::no_space : errc::io_error, "the ballast {}: {}", path_,
                std::strerror(code));
  }
  bytes_ = bytes;
  return {};
}

uint64_t ballast::let_go() {
  const std::lock_guard lock{mutex_};
  // What is there counts, not what we know: nothing may keep the room.
  const auto had = std::max(bytes_, allocated_bytes(path_));
  ::unlink(path_.c_str());
  bytes_ = 0;
  return had;
}

} // namespace perennial::storage
