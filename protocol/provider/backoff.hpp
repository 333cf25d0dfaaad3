// How long a line waits before it is tried again: full jitter, as AWS's architecture blog has it,
// so that lines that failed together do not come back together. A value: jitter is passed in.
#pragma once

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <optional>

namespace perennial {

struct backoff_settings {
  std::chrono::milliseconds base{1'000};
  std::chrono::milliseconds cap{60'000};
};

/// The wait after `failures` failures (1 after the first): jitter × min(cap, base × 2^(failures −
/// 1)), with `jitter` in [0, 1). `at_least` is a provider's word (Retry-After): no wait is shorter,
/// and up to one `base` of jitter comes on top of it, since everybody else was told the same.
inline std::chrono::milliseconds
backoff(unsigned failures, double jitter,
        std::optional<std::chrono::milliseconds> at_least = std::nullopt,
        const backoff_settings& settings = {}) {
  using std::chrono::milliseconds;
  const double j = jitter >= 0 && jitter <= 1 ? jitter : 1;
  const int doublings = static_cast<int>(std::clamp(failures, 1u, 64u)) - 1;
  const double top = std::min(std::ldexp(static_cast<double>(settings.base.count()), doublings),
                              static_cast<double>(settings.cap.count()));
  const milliseconds own{static_cast<int64_t>(j * top)};
  if (!at_least) return own;
  const milliseconds spread{static_cast<int64_t>(j * static_cast<double>(settings.base.count()))};
  return std::max(own, *at_least + spread);
}

} // namespace perennial
