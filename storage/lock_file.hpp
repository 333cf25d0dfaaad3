// Keeps two processes out of one data directory: `LOCK`, held with flock(2) for as long as this
// object lives. Its text names the program and the pid, for the message the other one prints.
#pragma once

#include "protocol/base/error.hpp"
#include "protocol/base/unique_fd.hpp"

#include <string>

namespace perennial::storage {

class lock_file {
public:
  /// Takes the lock of `dir` at once or fails: errc::conflict says who has it.
  static result<lock_file> take(const std::string& dir, const std::string& program);

private:
  explicit lock_file(unique_fd fd)
    : fd_(std::move(fd)) {}
  unique_fd fd_;
};

} // namespace perennial::storage
