// Owns one file descriptor and closes it on every way out. Moves, never copies.
#pragma once

#include <unistd.h>

#include <utility>

namespace perennial {

class unique_fd {
public:
  unique_fd() = default;
  explicit unique_fd(int fd) noexcept
    : fd_(fd) {}
  unique_fd(unique_fd&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)) {}
  unique_fd& operator=(unique_fd&& other) noexcept {
    if (this != &other) {
      reset();
      fd_ = std::exchange(other.fd_, -1);
    }
    return *this;
  }
  ~unique_fd() { reset(); }

  int get() const noexcept { return fd_; }
  explicit operator bool() const noexcept { return fd_ >= 0; }
  int release() noexcept { return std::exchange(fd_, -1); }
  void reset() noexcept {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }

private:
  int fd_ = -1;
};

} // namespace perennial
