// Waits that double, and the jitter on them. Jitter is a number in [0, 1) that the caller draws.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace perennial::actors {

/// A wait that doubles with each time it is needed, up to a longest.
struct backoff {
  std::chrono::milliseconds first{1'000};
  std::chrono::milliseconds max{60'000};

  /// The wait before try number `times`, counted from 0: first, twice that, ... max.
  constexpr std::chrono::milliseconds after(uint32_t times) const noexcept {
    auto wait = first;
    for (; times > 0 && wait < max; --times) wait *= 2;
    return std::min(wait, max);
  }
};

/// Anything between nothing and `wait`: for retries of many lines, which must not come in waves.
constexpr std::chrono::milliseconds full_jitter(std::chrono::milliseconds wait, double jitter) {
  return std::chrono::milliseconds{
    static_cast<int64_t>(static_cast<double>(wait.count()) * jitter)};
}

/// `wait` give or take `part` of it: 0.2 is from 80 % to 120 %.
constexpr std::chrono::milliseconds spread(std::chrono::milliseconds wait, double part,
                                           double jitter) {
  auto factor = 1.0 - part + 2.0 * part * jitter;
  return std::chrono::milliseconds{
    static_cast<int64_t>(static_cast<double>(wait.count()) * factor)};
}

} // namespace perennial::actors
