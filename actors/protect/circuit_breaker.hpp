// Circuit breaker of one provider, as a pure value: no clock, no thread, no actor.
//
//   closed ──(5 refused in a row, or half of a window fails)──▶ open ──(time over)──▶ half-open
//     ▲                                                          ▲                     │    │
//     └────────────────── all of 1, then 3, then 10 succeed ─────┼─────────────────────┘    │
//                                                                └──────── a failure ───────┘
//
// Each change, and each stage of half-open, begins an epoch. Outcomes of calls that were admitted
// in an earlier epoch do not count. An open breaker delays lines; it never fails them. Sources of
// the figures: resilience4j, Polly, Envoy, and our own defaults for calls that take long.
#pragma once

#include "actors/protect/gate.hpp"

#include <array>
#include <chrono>
#include <deque>
#include <string>

namespace perennial::actors {

struct breaker_config {
  uint32_t refused_in_a_row = 5; ///< Connections that could not be made.
  std::chrono::seconds window{120};
  uint32_t window_calls = 20; ///< Fewer calls than this never open it.
  double failure_share = 0.5;
  std::chrono::milliseconds open_first{10'000};
  std::chrono::milliseconds open_cap{300'000};
  double open_jitter = 0.2; ///< ± this share.
  std::array<int64_t, 3> stages{1, 3, 10};
};

class circuit_breaker {
public:
  enum class effect : uint8_t { neutral, success, failure };

  explicit circuit_breaker(breaker_config config = {});

  /// One call that was admitted in `epoch` has ended. `jitter` in [0, 1). True when the gate
  /// changed.
  bool on_outcome(uint32_t epoch, effect e, bool connection_failure, steady_time now,
                  double jitter);
  /// A probe's permit that told nothing (a neutral outcome): it may be used again. True as above.
  bool on_returned(uint32_t epoch);
  /// Time has passed. True when the gate changed.
  bool on_tick(steady_time now);
  /// Closed again, by hand.
  void reset(steady_time now);

  gate current_gate() const;
  /// When on_tick has something to do.
  std::optional<steady_time> next_wakeup() const;

  struct change {
    steady_time when{};
    breaker_phase from = breaker_phase::closed;
    breaker_phase to = breaker_phase::closed;
    std::string reason;
  };
  static constexpr size_t changes_kept = 20;
  const std::deque<change>& changes() const { return changes_; }

private:
  struct bucket {
    int64_t slot = -1;
    uint32_t calls = 0;
    uint32_t failures = 0;
  };
  static constexpr size_t buckets = 12;

  void move_to(breaker_phase to, std::string reason, steady_time now);
  void open(std::string reason, steady_time now, double jitter);
  void count(bool failed, steady_time now);
  bool window_failed(steady_time now) const;
  int64_t slot_of(steady_time t) const;

  breaker_config config_;
  breaker_phase phase_ = breaker_phase::closed;
  uint32_t epoch_ = 1;
  std::string reason_;
  uint32_t refused_ = 0;
  std::array<bucket, buckets> window_{};
  uint32_t times_opened_ = 0; ///< In a row, without a full close between.
  steady_time open_until_{};
  size_t stage_ = 0;
  int64_t stage_successes_ = 0;
  int64_t stage_permits_ = 0;
  std::deque<change> changes_;
};

} // namespace perennial::actors
