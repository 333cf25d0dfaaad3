// Counts of calls over the last span of time, in a fixed number of buckets, so that a million calls
// cost no more memory than ten. What is older than the span, to a twelfth of it, is forgotten.
#pragma once

#include "protocol/base/clock.hpp"

#include <array>
#include <cstdint>

namespace perennial::actors {

struct outcome_counts {
  uint64_t calls = 0;
  uint64_t failures = 0;
  uint64_t slow = 0;

  outcome_counts& operator+=(const outcome_counts& other) noexcept {
    calls += other.calls;
    failures += other.failures;
    slow += other.slow;
    return *this;
  }
  outcome_counts& operator-=(const outcome_counts& other) noexcept {
    calls -= other.calls;
    failures -= other.failures;
    slow -= other.slow;
    return *this;
  }
};

class outcome_window {
public:
  explicit outcome_window(std::chrono::milliseconds span) noexcept;

  void add(const outcome_counts& counts, steady_time now) noexcept;
  /// The sums over the span that ends at `now`.
  const outcome_counts& totals(steady_time now) noexcept;
  void clear() noexcept;
  /// From now on so much is remembered. What was seen stays, and counts as seen just now.
  void set_span(std::chrono::milliseconds span, steady_time now) noexcept;

private:
  static constexpr int64_t buckets = 12;

  static steady_time::duration width_of(std::chrono::milliseconds span) noexcept;
  void advance(steady_time now) noexcept;
  outcome_counts& bucket(int64_t number) noexcept;

  steady_time::duration width_;
  std::array<outcome_counts, buckets> counts_{};
  outcome_counts sum_;
  int64_t newest_ = 0; ///< Number of the newest bucket: time since the clock's epoch over width.
};

} // namespace perennial::actors
