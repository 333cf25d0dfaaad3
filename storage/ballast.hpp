// A file of nothing, kept for the moment when the disk is full all the same: somebody else may fill
// it faster than anyone looks. It is let go of when a write fails for want of space, so that the
// store can be opened again and write what it holds; and made again when there is room.
#pragma once

#include "protocol/base/error.hpp"

#include <cstdint>
#include <mutex>
#include <string>

namespace perennial::storage {

/// Thread-safe.
class ballast {
public:
  /// `path` is where the file lies, or will lie. One that an earlier process left is taken over.
  explicit ballast(std::string path);

  /// Its blocks are really there: 0 without a file.
  uint64_t bytes() const;

  /// Makes the file with `bytes`, or nothing. errc::no_space, errc::io_error.
  result<void> make(uint64_t bytes);

  /// Gives its room back. @returns how many bytes it had.
  uint64_t let_go();

private:
  const std::string path_;
  mutable std::mutex mutex_;
  uint64_t bytes_ = 0;
};

} // namespace perennial::storage
