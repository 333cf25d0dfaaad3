// How long a line waits before its next attempt: full jitter, 1 s doubling to 60 s.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace perennial::provider {

inline constexpr std::chrono::milliseconds backoff_base{1000};
inline constexpr std::chrono::milliseconds backoff_cap{60'000};

/// Anything between 1 ms and min(60 s, 1 s × 2^(attempts − 1)), by `jitter` in [0, 1). `attempts`
/// is how many were made, from 1.
inline std::chrono::milliseconds full_jitter(uint32_t attempts, double jitter) {
  const auto doublings = std::min(std::max(attempts, 1u) - 1, 16u);
  const auto most = std::min(backoff_cap, backoff_base * (int64_t{1} << doublings));
  const auto ms = static_cast<int64_t>(static_cast<double>(most.count()) * jitter);
  return std::chrono::milliseconds{std::max<int64_t>(1, ms)};
}

} // namespace perennial::provider
