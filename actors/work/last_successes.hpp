// When a provider last gave a good answer, as a whole and to each model that has a breaker of its
// own. Thread-safe: written by every worker of the provider, read by every worker.
#pragma once

#include "protocol/base/clock.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace perennial::actors {

/// So many models of a provider have a breaker of their own at most: job files may name any number.
/// Breakers are numbered from 1 on; 0 is the provider's.
inline constexpr uint32_t most_models = 64;

class last_successes {
public:
  void note(uint32_t breaker, steady_time now) {
    at_[0].store(count(now), std::memory_order_relaxed);
    at_[place(breaker)].store(count(now), std::memory_order_relaxed);
  }

  std::optional<steady_time> of(uint32_t breaker) const {
    const auto at = at_[place(breaker)].load(std::memory_order_relaxed);
    if (at == 0) return std::nullopt;
    return steady_time{steady_time::duration{at}};
  }

private:
  static int64_t count(steady_time t) { return t.time_since_epoch().count(); }
  static size_t place(uint32_t breaker) { return std::min(breaker, most_models); }

  std::array<std::atomic<int64_t>, most_models + 1> at_{};
};

} // namespace perennial::actors
