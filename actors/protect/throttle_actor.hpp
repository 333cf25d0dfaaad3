// The throttle actor: one per provider. Requests per minute, pauses after a 429, and how many calls
// may be in flight. What it decides stands in throttle.hpp and concurrency_limit.hpp.
#pragma once

#include "actors/interfaces.hpp"
#include "actors/protect/concurrency_limit.hpp"
#include "actors/protect/throttle.hpp"
#include "actors/service/config.hpp"

namespace perennial::actors {

struct throttle_state {
  throttle decision;
  concurrency_limit limit;
  supervisor_actor supervisor;
  uint32_t in_flight = 0;
  uint64_t timer_generation = 0;
  static inline const char* name = "throttle";
};

throttle_actor::behavior_type
throttle_behavior(throttle_actor::stateful_pointer<throttle_state> self, provider_config config,
                  supervisor_actor supervisor);

} // namespace perennial::actors
