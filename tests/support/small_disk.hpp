// A small real file system for one test: a tmpfs of so many bytes, seen by this process and its
// children only. Needs the right to mount: root's, or that of a user namespace.
#pragma once

#include "tests/support/temp_dir.hpp"

#include <cstdint>
#include <filesystem>
#include <string>

namespace perennial::test {

/// Puts this process into a mount namespace of its own, so that nobody else sees what it mounts.
/// Call it while there is one thread. Empty: done; else why it is not possible here.
std::string enter_mount_namespace();

class small_disk {
public:
  /// Throws where it cannot be mounted.
  explicit small_disk(uint64_t bytes);
  ~small_disk();
  small_disk(const small_disk&) = delete;
  small_disk& operator=(const small_disk&) = delete;

  std::filesystem::path operator/(const std::string& name) const { return dir_ / name; }

  uint64_t free_bytes() const;
  /// Makes a file grow or shrink until so much is free, or it is all gone.
  void leave_free(uint64_t bytes);
  /// Removes that file.
  void empty();

private:
  temp_dir dir_;
};

} // namespace perennial::test
