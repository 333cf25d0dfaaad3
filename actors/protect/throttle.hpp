// How fast a provider is sent to: calls in flight, requests per minute, and the pauses it asks for.
// A value: `now` comes in, permits go out, which the supervisor admits calls by.
//
// A 429 is the throttle's business and nobody else's: the whole key pauses, the limit of calls in
// flight shrinks, no line loses an attempt. A 429 that names no time pauses for 1 s, doubling to
// 60 s until a call that was sent after the pause succeeds.
#pragma once

#include "actors/protect/backoff.hpp"
#include "actors/protect/concurrency_limit.hpp"
#include "actors/protect/token_bucket.hpp"

#include "protocol/base/clock.hpp"

#include <chrono>
#include <cstdint>
#include <optional>

namespace perennial::actors {

struct throttle_config {
  concurrency_config concurrency = {};
  uint32_t requests_per_minute = 0; ///< 0: no limit.
  backoff pause{.first = std::chrono::seconds{1}, .max = std::chrono::seconds{60}};
  /// A wait longer than this is cut: a wrong Retry-After must not stop a run for ever.
  std::chrono::milliseconds longest_wait = std::chrono::hours{24};
};

/// What the supervisor admits calls by: fewer than `in_flight` out, fewer than `calls` let out
/// since the throttle was made (for a permit_counter of an epoch that never changes), and no pause.
struct throttle_permits {
  uint32_t in_flight = 0;
  int64_t calls = 0;
  std::optional<steady_time> paused_until = {};

  friend bool operator==(const throttle_permits&, const throttle_permits&) = default;
};

/// When an ended call was sent, and how many were in flight as it ended, itself included.
struct call_timing {
  steady_time sent;
  uint32_t in_flight = 0;
  uint32_t calls = 1; ///< Several that ended together; `sent` is then the latest.
};

class throttle {
public:
  throttle(throttle_config config, steady_time now);

  const throttle_permits& permits() const noexcept { return permits_; }

  /// `calls` more went out. Whoever calls this, or any function below, pushes the permits when it
  /// returns true.
  bool on_used(uint32_t calls, steady_time now);

  /// 2xx.
  bool on_success(const call_timing& call, steady_time now);

  /// 429, with the wait that it names, if it names one.
  bool on_throttled(std::optional<std::chrono::milliseconds> wait, const call_timing& call,
                    steady_time now);

  /// 503, 529, reset, timeout: × 0.9 and no pause.
  bool on_overload(const call_timing& call, steady_time now);

  bool on_tick(steady_time now);

  /// By hand: so many calls at once, or (0) as many as it finds that the provider bears.
  bool set_in_flight(uint32_t calls, steady_time now);

  /// When to call on_tick; nothing while only reports can change the permits.
  std::optional<steady_time> next_wakeup(steady_time now) const;

private:
  bool refresh(steady_time now);

  throttle_config config_;
  concurrency_limit concurrency_;
  token_bucket requests_;
  throttle_permits permits_;
  uint32_t pauses_ = 0; ///< In a row, of those that named no time.
  std::optional<steady_time> pause_began_;
  std::optional<steady_time> paused_until_;
};

} // namespace perennial::actors
