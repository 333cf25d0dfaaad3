// How soon a worker that died is replaced, and when dying is too much: full jitter from 100 ms
// doubling to 10 s with the deaths of the last minute; beyond `intensity` of them the provider is
// parked. A value.
#pragma once

#include "protocol/base/clock.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <deque>

namespace perennial::actors {

struct restart_config {
  std::chrono::milliseconds backoff_first{100};
  std::chrono::milliseconds backoff_cap{10'000};
  std::chrono::seconds window{60};
  size_t intensity = 30;
};

class restart_policy {
public:
  explicit restart_policy(restart_config config = {})
    : config_(config) {}

  struct verdict {
    std::chrono::milliseconds backoff{0};
    bool park = false;
  };

  /// `jitter` in [0, 1).
  verdict on_death(steady_time now, double jitter) {
    while (!deaths_.empty() && now - deaths_.front() > config_.window) deaths_.pop_front();
    deaths_.push_back(now);
    const auto doublings = std::min<size_t>(deaths_.size() - 1, 16);
    const auto full =
      std::min(config_.backoff_cap, config_.backoff_first * (int64_t{1} << doublings));
    const auto wait = std::chrono::duration_cast<std::chrono::milliseconds>(full * jitter);
    return {std::max(wait, std::chrono::milliseconds{1}), deaths_.size() > config_.intensity};
  }

private:
  restart_config config_;
  std::deque<steady_time> deaths_;
};

} // namespace perennial::actors
