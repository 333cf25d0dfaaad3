// How many calls a provider gets at once: a fixed number, or one that finds itself (AIMD).
//
//   grows   by one per good call, and only while at least half of the limit is in use
//           - up to the last limit that held: as fast as that
//           - beyond it: at most to twice of what it was 10 s ago
//           - near a limit that failed: a tenth of that in 10 s, so that it is met softly
//   shrinks to 0.9 on a sign of overload, once per round trip and at most once a second
//
// AIMD and not the gradient of latency, because the latency of a language model follows the length
// of its answer. A shrink while little is in use (a trial call of an outage) leaves the limit that
// held in memory: full speed is back soon after.
#pragma once

#include "protocol/base/clock.hpp"

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>

namespace perennial::actors {

struct concurrency_config {
  std::optional<uint32_t> fixed = {}; ///< This many; empty: "auto".
  uint32_t start = 20;
  uint32_t min = 1;
  uint32_t max = 4'096;
  double shrink_to = 0.9;
  std::chrono::milliseconds shrink_pause{1'000};
};

class concurrency_limit {
public:
  concurrency_limit(concurrency_config config, steady_time now);

  uint32_t limit() const noexcept { return static_cast<uint32_t>(limit_); }

  /// Good calls ended; `in_flight` counts them and all others that were out. @returns whether
  /// limit() changed.
  bool on_success(uint32_t in_flight, steady_time now, uint32_t calls = 1);

  /// A sign of overload (429, 503, 529, a reset or a timeout) from a call that was sent at `sent`.
  /// One from a call that was sent before the last shrink is of the old limit and ignored.
  /// @returns whether limit() changed.
  bool on_shrink(steady_time sent, uint32_t in_flight, steady_time now);

private:
  static constexpr int64_t slots = 11; ///< Ten whole seconds and the one that runs.

  bool in_use(uint32_t in_flight) const noexcept { return 2 * uint64_t{in_flight} >= limit(); }
  void roll(steady_time now) noexcept;
  double& past(int64_t second) noexcept;
  /// The limit as it was 10 s ago, or what is left of it after a shrink.
  double ten_seconds_ago() noexcept { return past(newest_ + 1); }
  double highest(uint32_t calls, steady_time now) noexcept;

  concurrency_config config_;
  double limit_;
  double held_; ///< The last limit that held for 10 s, or the start.
  std::optional<double> failed_at_;
  std::optional<steady_time> last_shrink_;
  steady_time last_growth_;
  std::array<double, slots> past_{}; ///< The limit at the start of each of the last seconds.
  int64_t newest_;                   ///< The second that past_ has been filled up to.
};

} // namespace perennial::actors
