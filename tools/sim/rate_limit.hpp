// Requests per minute as a token bucket that holds one second's worth (at least one). A value; the
// caller brings the time.
#pragma once

#include "protocol/base/clock.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>

namespace perennial::sim {

class rate_limit {
public:
  /// Takes a token, or says how long until there is one. `per_minute` may differ between calls.
  std::optional<std::chrono::nanoseconds> take(uint64_t per_minute, steady_time now) {
    const double per_ns = static_cast<double>(per_minute) / 60e9;
    const double room = std::max(1.0, per_ns * 1e9);
    const double elapsed = static_cast<double>((now - last_).count());
    tokens_ = fresh_ ? room : std::min(room, tokens_ + elapsed * per_ns);
    fresh_ = false;
    last_ = now;
    if (tokens_ < 1)
      return std::chrono::nanoseconds{static_cast<int64_t>((1 - tokens_) / per_ns) + 1};
    tokens_ -= 1;
    return std::nullopt;
  }

private:
  bool fresh_ = true;
  double tokens_ = 0;
  steady_time last_{};
};

} // namespace perennial::sim
