// How fast a provider is sent to with one key: calls in flight, requests and tokens per minute, and
// the pauses it asks for. A value: `now` comes in, permits go out, which the supervisor admits
// calls by.
//
// A 429 is the throttle's business and nobody else's: the whole key pauses, the limit of calls in
// flight shrinks, no line loses an attempt. A 429 that names no time pauses for 1 s, doubling to
// 60 s until a call that was sent after the pause succeeds; where few of the last calls met one,
// for a tenth of that: the limit is near, and found by the calls in flight.
//
// What the provider says of its limits is learned from every answer; an answer that says that
// nothing is left pauses the key before there is a 429. What is configured goes before what is
// learned.
#pragma once

#include "actors/protect/backoff.hpp"
#include "actors/protect/concurrency_limit.hpp"
#include "actors/protect/learned_limits.hpp"
#include "actors/protect/token_bucket.hpp"

#include "protocol/base/clock.hpp"

#include <chrono>
#include <cstdint>
#include <optional>

namespace perennial::actors {

struct throttle_config {
  concurrency_config concurrency = {};
  uint32_t requests_per_minute = 0; ///< 0: what is learned.
  uint32_t tokens_per_minute = 0;   ///< The same.
  backoff pause{.first = std::chrono::seconds{1}, .max = std::chrono::seconds{60}};
  double few_429 = 0.05;      ///< Less than this part of the last calls...
  double few_429_pause = 0.1; ///< ...makes the pause so much shorter.
  /// A wait longer than this is cut: a wrong Retry-After must not stop a run for ever.
  std::chrono::milliseconds longest_wait = std::chrono::hours{24};
  /// A wait for the rates that is worth telling of.
  std::chrono::milliseconds long_used_up = std::chrono::seconds{10};
};

/// What the supervisor admits calls by: fewer than `in_flight` out, fewer than `calls` let out
/// since the throttle was made (for a permit_counter of an epoch that never changes), and no pause.
struct throttle_permits {
  uint32_t in_flight = 0;
  int64_t calls = 0;
  std::optional<steady_time> paused_until = {};
  int64_t tokens = unlimited_permits; ///< As `calls`. One call may go beyond them.
  /// Until then its rates let nothing out; told only where that is long.
  std::optional<steady_time> used_up_until = {};

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
  throttle(throttle_config config, steady_time now, learned_limits known = {});

  const throttle_permits& permits() const noexcept { return permits_; }

  /// `calls` more went out, with so many tokens. Whoever calls this, or any function below, pushes
  /// the permits when it returns true.
  bool on_used(uint32_t calls, int64_t tokens, steady_time now);

  /// What an answer, good or bad, said of the provider's limits.
  bool on_limits(const rate_limits& told, steady_time now);

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

  /// Other configured rates.
  bool set_rates(uint32_t requests_per_minute, uint32_t tokens_per_minute, steady_time now);

  /// By hand, or with another key: no pause any more.
  bool resume(steady_time now);

  const learned_limits& learned() const noexcept { return learned_; }
  /// What is known where something was learned since this was asked the last time, to be remembered
  /// for the next start. A limit that keeps changing, as where each model has one of its own, is
  /// left out.
  std::optional<learned_limits> take_news();
  /// In force; 0: none.
  uint32_t requests_per_minute() const noexcept { return requests_.rate(); }
  uint32_t tokens_per_minute() const noexcept { return tokens_.rate(); }
  /// Whether that was configured.
  bool requests_configured() const noexcept { return config_.requests_per_minute > 0; }
  bool tokens_configured() const noexcept { return config_.tokens_per_minute > 0; }

  /// When to call on_tick; nothing while only reports can change the permits.
  std::optional<steady_time> next_wakeup(steady_time now) const;

private:
  bool refresh(steady_time now);
  void use_rates(steady_time now);
  std::optional<steady_time> used_up_until(steady_time now) const;
  void pause_until(steady_time until, steady_time now);
  void count(bool throttled, uint32_t calls) noexcept;

  throttle_config config_;
  concurrency_limit concurrency_;
  token_bucket requests_;
  token_bucket tokens_;
  learned_limits learned_;
  bool news_ = false; ///< Something was learned that nobody has taken.
  throttle_permits permits_;
  double recent_calls_ = 0; ///< The last hundred or so...
  double recent_429_ = 0;   ///< ...and how many of them were too many.
  uint32_t pauses_ = 0;     ///< In a row, of those that named no time.
  std::optional<steady_time> pause_began_;
  std::optional<steady_time> paused_until_;
};

} // namespace perennial::actors
