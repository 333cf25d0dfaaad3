// Decides whether a peer is too slow: a credit of waiting time that bytes win back.
// A plain value without a clock; only time spent waiting for the peer is charged, never our own.
#pragma once

#include "protocol/http/edge_limits.hpp"

#include <algorithm>
#include <chrono>

namespace perennial::http {

class rate_guard {
public:
  explicit rate_guard(const min_rate& rate)
    : rate_(rate)
    , credit_(rate.grace) {}

  void waited(std::chrono::nanoseconds time) { credit_ -= time; }

  void moved(uint64_t bytes) {
    const auto per_second = std::max<uint64_t>(rate_.bytes_per_second, 1);
    const std::chrono::seconds whole{bytes / per_second};
    if (whole >= rate_.grace) {
      credit_ = rate_.grace;
      return;
    }
    const std::chrono::nanoseconds part{bytes % per_second * 1'000'000'000 / per_second};
    credit_ = std::min<std::chrono::nanoseconds>(rate_.grace, credit_ + whole + part);
  }

  /// How long the peer may still be waited for.
  std::chrono::nanoseconds credit() const { return credit_; }
  bool too_slow() const { return credit_ <= std::chrono::nanoseconds{0}; }

private:
  min_rate rate_;
  std::chrono::nanoseconds credit_;
};

} // namespace perennial::http
