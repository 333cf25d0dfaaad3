// How a decision tells the supervisor how many calls it may let out, without a message per call.
//
// A permit count is always a total, never "so many more": how many calls may be let out in this
// epoch, those that are out already included. The supervisor counts what it takes. So a gate that
// crosses a report on its way, or arrives twice, changes nothing.
#pragma once

#include <cstdint>
#include <limits>

namespace perennial::actors {

/// No limit on the number of calls.
inline constexpr int64_t unlimited_permits = std::numeric_limits<int64_t>::max();

/// What the supervisor keeps beside each gate that is pushed to it.
class permit_counter {
public:
  /// A newer epoch begins a new count; within an epoch only the limit changes. A gate of an older
  /// epoch was overtaken and is ignored.
  void on_gate(uint32_t epoch, int64_t permits) noexcept {
    if (epoch < epoch_) return;
    if (epoch > epoch_) taken_ = 0;
    epoch_ = epoch;
    permits_ = permits;
  }

  /// How many calls may be let out now.
  int64_t available() const noexcept {
    if (permits_ == unlimited_permits) return unlimited_permits;
    return permits_ > taken_ ? permits_ - taken_ : 0;
  }

  /// Takes one permit, which must be available. @returns the epoch to tag the call with.
  uint32_t take() noexcept { return take(1); }

  /// Takes so many at once; fewer than none gives back.
  uint32_t take(int64_t permits) noexcept {
    taken_ += permits;
    return epoch_;
  }

  uint32_t epoch() const noexcept { return epoch_; }

private:
  uint32_t epoch_ = 0;
  int64_t permits_ = 0;
  int64_t taken_ = 0;
};

} // namespace perennial::actors
