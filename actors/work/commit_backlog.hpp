// What waits to be committed, and how much of it goes into one synced write: so many results and so
// many bytes at most, whatever came together, so that a thousand results of 16 MiB do not become
// one write of 16 GiB. A value; the store actor routes to it.
#pragma once

#include "protocol/base/bytes.hpp"
#include "storage/store.hpp"

#include <cstddef>
#include <cstdint>

namespace perennial::actors {

struct commit_limits {
  /// Results and waits in one write: bounds the time that its answers wait.
  size_t lines = 4096;
  /// Their bytes in one write. A single longer result goes alone.
  uint64_t bytes = 8 * mib;
};

class commit_backlog {
public:
  explicit commit_backlog(commit_limits limits = {})
    : limits_(limits) {}

  /// Takes what came behind what is there already.
  void add(storage::commit_group&& group);

  bool empty() const noexcept;
  /// There is enough for a whole write.
  bool is_full() const noexcept { return lines_ >= limits_.lines || bytes_ >= limits_.bytes; }

  /// What is written next: the oldest results, within the limits; waits after all results, so that
  /// a line's last word is its result. Takes at least one line; the rest stays.
  storage::commit_group take();
  /// Puts a group that could not be written back in front.
  void put_back(storage::commit_group&& group);

private:
  void count(const storage::commit_group& group);

  commit_limits limits_;
  storage::commit_group held_;
  size_t lines_ = 0;
  uint64_t bytes_ = 0;
};

} // namespace perennial::actors
