// How fast calls may be started: requests per minute as a token bucket, and the pause that a 429
// asks for. A value; `now` comes in.
#pragma once

#include "actors/protect/gate.hpp"

#include <chrono>
#include <optional>

namespace perennial::actors {

struct throttle_config {
  uint32_t requests_per_minute = 0; ///< 0: no limit.
  std::chrono::milliseconds pause_first{1000};
  std::chrono::milliseconds pause_cap{60'000};
};

class throttle {
public:
  explicit throttle(throttle_config config = {});

  void set_in_flight_limit(uint32_t n) { in_flight_limit_ = n; }

  /// A 429: until the wait is over, or, where none was told, 1 s doubling to 60 s.
  void on_throttled(std::optional<std::chrono::milliseconds> wait, steady_time now);
  void on_success() { pauses_ = 0; }
  /// So many permits were used. True when the permits were pushed anew.
  bool on_used(uint32_t n, steady_time now);
  void on_tick(steady_time now);

  permits current_permits() const;
  /// When on_tick has something to do.
  std::optional<steady_time> next_wakeup(steady_time now) const;

private:
  double per_ms() const { return config_.requests_per_minute / 60'000.0; }

  throttle_config config_;
  uint32_t in_flight_limit_ = 1;
  double tokens_ = 1; ///< Of which some may be with the supervisor.
  steady_time filled_at_{};
  std::optional<steady_time> paused_until_;
  uint32_t pauses_ = 0;
};

} // namespace perennial::actors
