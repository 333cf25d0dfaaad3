// How many calls may be in flight: a fixed number, or one that finds itself by additive increase
// and multiplicative decrease (Netflix's figures): start at 20, × 0.9 on a drop, grow only while in
// use and at most to double in 10 s. AIMD rather than a gradient: the latency of an LLM follows the
// length of its answer, not its load. A value.
#pragma once

#include "protocol/base/clock.hpp"

#include <chrono>
#include <cstdint>

namespace perennial::actors {

struct concurrency_config {
  uint32_t fixed = 0; ///< Not 0: this, always.
  uint32_t start = 20;
  uint32_t maximum = 4096;
  std::chrono::milliseconds ramp{10'000};       ///< Doubles in this time at most.
  std::chrono::milliseconds shrink_pause{1000}; ///< One wave of failures shrinks once.
};

class concurrency_limit {
public:
  explicit concurrency_limit(concurrency_config config = {});

  uint32_t current() const;
  /// A call succeeded while so many were in flight.
  void on_success(uint32_t in_flight, steady_time now);
  /// A sign of overload.
  void on_shrink(steady_time now);

private:
  concurrency_config config_;
  double limit_;
  double ramp_from_;
  steady_time ramp_start_{};
  steady_time last_shrink_{};
};

} // namespace perennial::actors
