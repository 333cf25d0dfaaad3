// How fast calls end, to know how many lines must lie ready so that no worker finds none.
#pragma once

#include "protocol/base/clock.hpp"

#include <chrono>
#include <cstddef>

namespace perennial::actors {

class call_pace {
public:
  /// `calls` have ended since the last time.
  void on_calls(size_t calls, steady_time now) {
    calls_ += calls;
    const auto took = now - since_;
    if (took < window) return;
    per_second_ = static_cast<double>(calls_) / std::chrono::duration<double>(took).count();
    calls_ = 0;
    since_ = now;
  }

  /// How many end in such a time, as fast as lately.
  size_t in(std::chrono::milliseconds time) const {
    return static_cast<size_t>(per_second_ * std::chrono::duration<double>(time).count());
  }

private:
  static constexpr std::chrono::milliseconds window{50};

  size_t calls_ = 0;
  steady_time since_{};
  double per_second_ = 0;
};

} // namespace perennial::actors
