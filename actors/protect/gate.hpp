// What breaker and throttle tell a supervisor: how many calls it may make. Pushed when it changes;
// the supervisor counts what it uses by itself.
#pragma once

#include "protocol/base/clock.hpp"

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

namespace perennial::actors {

/// "As many as you like."
inline constexpr int64_t unlimited = std::numeric_limits<int64_t>::max();

enum class breaker_phase : uint8_t { closed, open, half_open };

constexpr std::string_view to_string(breaker_phase p) {
  switch (p) {
  case breaker_phase::closed: return "closed";
  case breaker_phase::open: return "open";
  case breaker_phase::half_open: return "half-open";
  }
  return "closed";
}

/// The breaker's word. Calls admitted under one epoch are reported with it; those of an earlier
/// epoch do not count any more.
struct gate {
  uint32_t epoch = 0;
  breaker_phase state = breaker_phase::closed;
  int64_t permits = 0; ///< In this epoch, in all.
  std::optional<steady_time> next_probe;
  std::string reason; ///< Why it is not closed.
};

/// The throttle's word.
struct permits {
  uint32_t in_flight_limit = 0;
  int64_t calls = 0; ///< That may be started from now on.
  std::optional<steady_time> paused_until;
};

} // namespace perennial::actors
