#include "storage/disk_space.hpp"

#include <sys/statvfs.h>

#include <cerrno>
#include <cstring>

namespace perennial::storage {

result<disk_space> look_at_disk(const std::string& path) {
  struct statvfs found {};
  if (::statvfs(path.c_str(), &found) != 0) {
    return fail(errc::io_error, "how much room {} has cannot be found out: {}", path,
                std::strerror(errno));
  }
  return disk_space{uint64_t{found.f_blocks} * found.f_frsize,
                    uint64_t{found.f_bavail} * found.f_frsize};
}

} // namespace perennial::storage
