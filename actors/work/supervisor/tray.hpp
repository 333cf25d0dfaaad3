// Finished calls on their way to the supervisor. A message for each would wake it for each; so
// while calls come fast it looks by itself every few milliseconds, and workers tell it only what
// cannot wait. What comes slowly it is told at once.
#pragma once

#include "actors/messages.hpp"

#include <mutex>
#include <utility>
#include <vector>

namespace perennial::actors {

/// Thread-safe.
class tray {
public:
  /// So many calls do not wait for the supervisor's next look.
  static constexpr size_t full = 256;

  /// True when the supervisor must be told to `collect`.
  bool put(call_done_ptr call, bool urgent) {
    const std::lock_guard lock{mutex_};
    calls_.push_back(std::move(call));
    if (told_ || (looks_soon_ && !urgent && calls_.size() < full)) return false;
    told_ = true;
    return true;
  }

  /// Everything, oldest first. Who got something must look again soon without being told.
  std::vector<call_done_ptr> collect() {
    const std::lock_guard lock{mutex_};
    told_ = false;
    looks_soon_ = !calls_.empty();
    return std::exchange(calls_, {});
  }

private:
  std::mutex mutex_;
  std::vector<call_done_ptr> calls_;
  bool told_ = false;
  bool looks_soon_ = false;
};

} // namespace perennial::actors
