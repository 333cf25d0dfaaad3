#include "tests/support/small_disk.hpp"

#include "protocol/base/unique_fd.hpp"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <stdexcept>

namespace perennial::test {

namespace {

constexpr auto filler = "filler";

std::string why(const char* what) { return std::string{what} + ": " + std::strerror(errno); }

bool write_text(const char* path, const std::string& text) {
  std::ofstream out{path};
  out << text;
  return static_cast<bool>(out.flush());
}

} // namespace

std::string enter_mount_namespace() {
  const auto uid = ::geteuid();
  const auto gid = ::getegid();
  if (::unshare(uid == 0 ? CLONE_NEWNS : CLONE_NEWUSER | CLONE_NEWNS) != 0) return why("unshare");
  if (uid != 0) {
    write_text("/proc/self/setgroups", "deny");
    if (!write_text("/proc/self/uid_map", "0 " + std::to_string(uid) + " 1") ||
        !write_text("/proc/self/gid_map", "0 " + std::to_string(gid) + " 1"))
      return why("mapping the user");
  }
  if (::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return why("mount /");
  const temp_dir tried;
  if (::mount("tmpfs", tried.text().c_str(), "tmpfs", 0, "size=1m") != 0) return why("mount tmpfs");
  ::umount(tried.text().c_str());
  return {};
}

small_disk::small_disk(uint64_t bytes) {
  const auto size = "size=" + std::to_string(bytes);
  if (::mount("tmpfs", dir_.text().c_str(), "tmpfs", 0, size.c_str()) != 0)
    throw std::runtime_error{why("mount tmpfs")};
}

small_disk::~small_disk() { ::umount2(dir_.text().c_str(), MNT_DETACH); }

uint64_t small_disk::free_bytes() const {
  struct statvfs found {};
  if (::statvfs(dir_.text().c_str(), &found) != 0) throw std::runtime_error{why("statvfs")};
  return uint64_t{found.f_bavail} * found.f_frsize;
}

void small_disk::leave_free(uint64_t bytes) {
  const auto path = (dir_ / filler).string();
  const unique_fd fd{::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600)};
  if (!fd) throw std::runtime_error{why("open the filler")};
  for (;;) { // others write meanwhile
    const auto has = static_cast<uint64_t>(::lseek(fd.get(), 0, SEEK_END));
    const auto free = free_bytes();
    if (free <= bytes) {
      if (free < bytes) {
        const auto less = std::min(has, bytes - free);
        if (::ftruncate(fd.get(), static_cast<off_t>(has - less)) != 0)
          throw std::runtime_error{why("shrink the filler")};
      }
      return;
    }
    const int code =
      ::posix_fallocate(fd.get(), static_cast<off_t>(has), static_cast<off_t>(free - bytes));
    if (code != 0 && code != ENOSPC) throw std::runtime_error{std::strerror(code)};
  }
}

void small_disk::empty() { std::filesystem::remove(dir_ / filler); }

} // namespace perennial::test
