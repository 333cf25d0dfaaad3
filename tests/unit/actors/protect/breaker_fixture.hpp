// A circuit breaker with a clock of the test's own.
#pragma once

#include "actors/protect/circuit_breaker.hpp"

#include <boost/test/unit_test.hpp>

namespace perennial::actors::test {

using namespace std::chrono_literals;

inline constexpr double middle = 0.5; // jitter that leaves a wait as it is

struct breaker_fixture {
  circuit_breaker breaker;
  steady_time now{1h};

  bool report(call_effect effect, uint32_t calls = 1) {
    return breaker.on_outcome(breaker.gate().epoch, {.effect = effect, .calls = calls}, now,
                              middle);
  }
  bool refused() {
    counted_call call{
      .effect = call_effect::failure, .connection_failure = true, .detail = "connection refused"};
    return breaker.on_outcome(breaker.gate().epoch, call, now, middle);
  }
  void open() {
    while (breaker.gate().state == breaker_state::closed) refused();
  }
  void wait_for_trial() {
    now = *breaker.next_wakeup();
    BOOST_REQUIRE(breaker.on_tick(now));
  }
  void close() {
    wait_for_trial();
    for (auto stage : {1u, 3u, 10u}) report(call_effect::success, stage);
    BOOST_REQUIRE((breaker.gate().state == breaker_state::closed));
  }
  bool is(breaker_state state) const { return breaker.gate().state == state; }
};

} // namespace perennial::actors::test
