#include "storage/lock_file.hpp"

#include <fcntl.h>
#include <sys/file.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace perennial::storage {

namespace {

/// "perennial (pid 123)" from "perennial 123\n"; words for it when the text is not ours.
std::string holder(int fd) {
  std::array<char, 256> text{};
  const auto n = ::pread(fd, text.data(), text.size() - 1, 0);
  const std::string_view line{text.data(), n > 0 ? static_cast<size_t>(n) : 0};
  const auto end = line.find('\n');
  const auto space = line.substr(0, end).rfind(' ');
  if (end == std::string_view::npos || space == std::string_view::npos) return "another process";
  return fmt::format("{} (pid {})", line.substr(0, space), line.substr(space + 1, end - space - 1));
}

} // namespace

result<lock_file> lock_file::take(const std::string& dir, const std::string& program) {
  const auto path = dir + "/LOCK";
  unique_fd fd{::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)};
  if (!fd) {
    return fail(errno == ENOSPC ? errc::no_space : errc::io_error, "{} cannot be opened: {}", path,
                std::strerror(errno));
  }
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK) {
      return fail(errc::conflict, "{} is in use by {}; stop it or use another directory", dir,
                  holder(fd.get()));
    }
    return fail(errc::io_error, "{} cannot be locked: {}", path, std::strerror(errno));
  }
  const auto text = fmt::format("{} {}\n", program, ::getpid());
  if (::ftruncate(fd.get(), 0) != 0 ||
      ::pwrite(fd.get(), text.data(), text.size(), 0) != static_cast<ssize_t>(text.size())) {
    const auto kind = errno == ENOSPC ? errc::no_space : errc::io_error;
    return fail(kind, "{} cannot be written: {}", path, std::strerror(errno));
  }
  return lock_file{std::move(fd)};
}

} // namespace perennial::storage
