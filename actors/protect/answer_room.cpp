#include "actors/protect/answer_room.hpp"

#include <algorithm>
#include <chrono>

namespace perennial::actors {

namespace {

/// How soon a reading that waits sees that its call was ended.
constexpr std::chrono::milliseconds look_every{100};

} // namespace

uint64_t answer_room::used() const {
  const std::lock_guard lock{mutex_};
  return used_;
}

uint32_t answer_room::waiting() const {
  const std::lock_guard lock{mutex_};
  return waiting_;
}

bool answer_room::take(const void* who, uint64_t bytes, steady_time until,
                       const std::function<bool()>& stopped) {
  std::unique_lock lock{mutex_};
  const auto fits = [&] { return bytes <= limit_ - std::min(limit_, used_); };
  ++waiting_;
  while (!fits() && beyond_ != nullptr && beyond_ != who) {
    if (stopped() || steady_now() >= until) {
      --waiting_;
      return false;
    }
    changed_.wait_until(lock, std::min(until, steady_now() + look_every));
  }
  --waiting_;
  if (!fits()) beyond_ = who;
  used_ += bytes;
  return true;
}

void answer_room::give_back(const void* who, uint64_t bytes, bool all) {
  {
    const std::lock_guard lock{mutex_};
    used_ -= bytes;
    if (all && beyond_ == who) beyond_ = nullptr;
    if (waiting_ == 0) return;
  }
  changed_.notify_all();
}

bool answer_share::grow(uint64_t bytes, steady_time until, const std::function<bool()>& stopped) {
  if (!of_->take(this, bytes, until, stopped)) return false;
  bytes_ += bytes;
  return true;
}

void answer_share::shrink_to(uint64_t bytes) {
  if (bytes >= bytes_) return;
  const auto back = bytes_ - bytes;
  bytes_ = bytes;
  of_->give_back(this, back, bytes == 0);
}

} // namespace perennial::actors
