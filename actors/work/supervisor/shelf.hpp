// Lines laid ready for workers that have just had a good answer: taken without a message to the
// supervisor and a wake-up back, which together cost more than the rest of a line. The supervisor
// lays lines out only while nothing holds them up, and clears the shelf at the first sign of
// trouble; a worker whose call went wrong does not take from it.
#pragma once

#include "actors/work/work_item.hpp"

#include <cstdint>
#include <deque>
#include <mutex>
#include <utility>
#include <vector>

namespace perennial::actors {

/// Thread-safe.
class shelf {
public:
  void put(item_ptr item) {
    const std::lock_guard lock{mutex_};
    ready_.push_back(std::move(item));
  }

  /// The oldest line, for this worker; null when there is none.
  item_ptr take(uint32_t worker) {
    const std::lock_guard lock{mutex_};
    if (ready_.empty()) return nullptr;
    auto item = std::move(ready_.front());
    ready_.pop_front();
    if (taken_.size() <= worker) taken_.resize(worker + 1);
    taken_[worker] = item;
    return item;
  }

  /// The oldest line, for the supervisor itself.
  item_ptr pop() {
    const std::lock_guard lock{mutex_};
    if (ready_.empty()) return nullptr;
    auto item = std::move(ready_.front());
    ready_.pop_front();
    return item;
  }

  /// The supervisor has heard that this worker took this line.
  void told(uint32_t worker, const item_ptr& item) {
    const std::lock_guard lock{mutex_};
    if (worker < taken_.size() && taken_[worker] == item) taken_[worker].reset();
  }

  /// What a worker took that has died before it could tell; null when there is nothing.
  item_ptr untold(uint32_t worker) {
    const std::lock_guard lock{mutex_};
    return worker < taken_.size() ? std::exchange(taken_[worker], nullptr) : nullptr;
  }

  /// Everything that nobody has taken, oldest first.
  std::deque<item_ptr> clear() {
    const std::lock_guard lock{mutex_};
    return std::exchange(ready_, {});
  }

  size_t size() const {
    const std::lock_guard lock{mutex_};
    return ready_.size();
  }

private:
  mutable std::mutex mutex_;
  std::deque<item_ptr> ready_;
  std::vector<item_ptr> taken_; ///< By worker: not told to the supervisor yet.
};

} // namespace perennial::actors
