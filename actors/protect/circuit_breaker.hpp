// Stops sending to a provider that fails, and finds out gently when it is back. A value: `now` and
// jitter come in, a gate goes out, which the supervisor admits calls by (see permits.hpp).
//
//            failures in a row, or half of the window,
//            or four fifths of it slow
//   closed ────────────────────────────────────────────▶ open ◀──────────┐
//     ▲                                                   │ 10 s … 300 s  │ half of a stage
//     │ the last stage passed                             ▼ ± 20 %        │ failed
//     └──────────────────────────────────── half-open: 1, 3, 10 calls ────┘
//
// A stage passes by the same ratio that a closed breaker bears: were one failure of fourteen calls
// enough, a provider that fails a third of its calls would never be closed again. Where the first
// call fails, the next wait is twice as long; where a later stage fails, as short as the first.
//
// The window is two minutes, or twice what the slowest hundredth of calls takes; slow is a minute,
// or three times the median: what is long for one model is usual for another.
//
// A call that is cut at its line's own deadline says nothing while others are answered: the
// deadline may be short. Where calls were out and nobody was answered for three times the median
// and for five times as long as the call was out (or half a minute), the provider hangs, and the
// call has failed.
//
// While it is open because connections failed, somebody may try the mere connection (`wants_probe`,
// `on_probe`): when one is made after one was not, trial calls begin at once. A provider that can
// be connected to all the time ends no wait early.
//
// Every change of state or stage begins a new epoch. A call is tagged with the epoch in which it
// was let out, and its outcome counts in that epoch only: what was sent before the outage says
// nothing about what comes after. An open breaker lets nothing out and so fails nothing.
#pragma once

#include "actors/protect/backoff.hpp"
#include "actors/protect/call_times.hpp"
#include "actors/protect/outcome_window.hpp"
#include "actors/protect/permits.hpp"

#include "protocol/base/clock.hpp"

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace perennial::actors {

enum class breaker_state : uint8_t { closed, open, half_open };

/// "closed", "open", "half-open".
std::string_view to_string(breaker_state state) noexcept;

/// What the outcome of a call says about the provider's health.
enum class call_effect : uint8_t {
  success,
  failure,
  neutral, ///< Nothing: 429, a refused line, a cancelled call.
};

/// One ended call, or several of the same kind.
struct counted_call {
  call_effect effect = call_effect::neutral;
  bool connection_failure = false; ///< Never reached the provider: refused, DNS, TLS.
  bool slow = false;               ///< Whatever it took: a timeout. Counts in the closed state.
  bool silent = false; ///< Cut here before anything came: a failure only where the provider hangs.
  bool outage = false; ///< A failure that opens it by itself.
  std::chrono::milliseconds took{0};
  uint32_t calls = 1;
  std::optional<steady_time> sent = {};
  std::string detail = {}; ///< What went wrong, for people. Never a secret.
};

/// When to open, for how long, and how to try. Figures from resilience4j, Envoy and Polly.
struct breaker_config {
  uint32_t connection_failures = 5; ///< In a row, with no other outcome between. 0: off.
  /// Of any kind in a row. Without it the successes of a fast run would hold the window above half
  /// for a minute of the outage. 0: off.
  uint32_t failures_in_a_row = 20;
  std::chrono::milliseconds window{120'000}; ///< At least.
  double window_per_p99 = 2;
  std::chrono::milliseconds slow{60'000}; ///< At least.
  double slow_per_median = 3;
  double silent_per_cut = 5; ///< A provider hangs after so many times what a cut call took...
  std::chrono::milliseconds silent_at_most{30'000}; ///< ...or so long; and see slow_per_median.
  uint32_t minimum_calls = 20;                      ///< Below it the window says nothing.
  double failure_ratio = 0.5;
  double slow_ratio = 0.8;
  backoff open_for{.first = std::chrono::seconds{10}, .max = std::chrono::seconds{300}};
  double open_spread = 0.2;
  std::chrono::milliseconds calm{120'000}; ///< Closed for so long, the next opening is short again.
  std::vector<uint32_t> stages{1, 3, 10};  ///< Calls let out per half-open stage.
};

/// What the supervisor admits calls by.
struct breaker_gate {
  uint32_t epoch = 1;
  breaker_state state = breaker_state::closed;
  /// Calls that may be let out in this epoch, in all: unlimited_permits when closed, 0 when open.
  int64_t permits = unlimited_permits;
  std::optional<steady_time> next_probe = {}; ///< When an open breaker tries again.
  std::string reason = {}; ///< Why it is in this state: a sentence without its stop.

  friend bool operator==(const breaker_gate&, const breaker_gate&) = default;
};

struct breaker_change {
  steady_time when;
  breaker_state from;
  breaker_state to;
  std::string reason;
};

class circuit_breaker {
public:
  static constexpr size_t history_size = 20;

  explicit circuit_breaker(breaker_config config = {});

  const breaker_gate& gate() const noexcept { return gate_; }

  /// Takes the outcome of a call that was let out in `epoch`. Whoever calls this, or any function
  /// below that returns a bool, pushes the gate when it returns true.
  bool on_outcome(uint32_t epoch, const counted_call& call, steady_time now, double jitter);

  /// Calls of `epoch` that were let out and never made: their permits are good again.
  bool on_returned(uint32_t epoch, uint32_t calls = 1);

  /// Goes from open to half-open when it is time.
  bool on_tick(steady_time now);

  /// Whether it would be worth something to try the mere connection now.
  bool wants_probe() const noexcept;

  /// The mere connection was tried.
  bool on_probe(bool connected, steady_time now);

  /// When to call on_tick.
  std::optional<steady_time> next_wakeup() const noexcept { return gate_.next_probe; }

  /// Closes by hand and forgets all that was counted, the doubling included. One that is closed
  /// stays so, which is no change.
  bool reset(steady_time now);

  /// The last changes of state, oldest first.
  const std::deque<breaker_change>& history() const noexcept { return history_; }

  /// Calls that were sent after it opened the last time, until it closed: its trials, and those
  /// that went out before all had heard of it. For display.
  uint64_t sent_since_opened() const noexcept { return sent_since_opened_; }

  /// What the window holds, for display.
  const outcome_counts& window(steady_time now) noexcept { return window_.totals(now); }

  /// From how long on a call is slow; nothing while too few calls are known.
  std::optional<std::chrono::milliseconds> slow_from() const noexcept;

private:
  void count_sent(const counted_call& call) noexcept;
  bool says_nothing(const counted_call& call, steady_time now);
  bool count(uint32_t epoch, const counted_call& call, steady_time now, double jitter);
  bool learn_time(const counted_call& call, steady_time now);
  bool count_closed(const counted_call& call, steady_time now, double jitter);
  bool count_half_open(const counted_call& call, steady_time now, double jitter);
  /// Why it should open now; empty when it should not.
  std::string cause_to_open(steady_time now);
  bool open(std::string reason, steady_time now, double jitter);
  bool enter_stage(size_t stage, steady_time now);
  void forget() noexcept; ///< What was counted while it is closed.
  bool close(std::string reason, steady_time now);
  bool change(breaker_state to, int64_t permits, std::string reason, steady_time now);

  breaker_config config_;
  breaker_gate gate_;
  outcome_window window_;
  call_times times_;
  std::chrono::milliseconds span_; ///< Of the window now.
  steady_time span_looked_at_{};
  steady_time::duration silent_for_{};         ///< Calls were out, and nobody was answered.
  steady_time silent_at_ = steady_time::min(); ///< The last of them was cut.
  steady_time answered_at_ = steady_time::min();
  std::chrono::milliseconds last_took_{0}; ///< The last good answer.
  uint32_t connection_failures_ = 0;       ///< In a row.
  uint32_t failures_ = 0;                  ///< In a row.
  size_t stage_ = 0;
  uint32_t stage_successes_ = 0;
  uint32_t stage_failures_ = 0;
  uint32_t openings_ = 0;                ///< Since it was last calm.
  bool unreachable_ = false;             ///< It is open because connections failed.
  bool probe_failed_ = false;            ///< And so did a probe of the mere connection since.
  bool probe_over_ = false;              ///< A probe found that connections are made.
  std::optional<steady_time> opened_at_; ///< From closed, the last time.
  uint64_t sent_since_opened_ = 0;
  std::optional<steady_time> closed_at_;
  std::deque<breaker_change> history_;
};

} // namespace perennial::actors
