// How long a provider's calls take: median and 99th percentile, of late. The circuit breaker makes
// its window and what it calls slow from them, since one model thinks for a second and another for
// minutes.
//
// A histogram of logarithmic buckets, four to a doubling, whose counts halve every ten minutes: an
// estimate is at most a fifth too long, and a million calls cost no more memory than ten.
#pragma once

#include "protocol/base/clock.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace perennial::actors {

class call_times {
public:
  /// With fewer calls nothing is said.
  static constexpr uint64_t least_calls = 20;

  /// A good call took so long.
  void add(std::chrono::milliseconds took, steady_time now, uint32_t calls = 1) noexcept;

  /// The time that a part `q` of the calls stayed below, 0 < q < 1; nothing while too few are
  /// known.
  std::optional<std::chrono::milliseconds> quantile(double q) const noexcept;

private:
  static constexpr int per_doubling = 4;
  static constexpr size_t buckets = 88; ///< 22 doublings: to 70 minutes.

  void weigh(steady_time now) noexcept;

  std::array<double, buckets> counts_{};
  double sum_ = 0;
  double weight_ = 1; ///< Of a call that ends now: it grows instead of all others shrinking.
  uint64_t seen_ = 0;
  std::optional<steady_time> since_;
};

} // namespace perennial::actors
