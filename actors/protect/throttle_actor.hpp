// The throttle actor: one per provider. Requests per minute, pauses after a 429, and how many calls
// may be in flight. What it decides stands in throttle.hpp.
#pragma once

#include "actors/interfaces.hpp"
#include "actors/protect/throttle.hpp"
#include "actors/service/config.hpp"

#include <optional>

namespace perennial::actors {

struct throttle_state {
  std::optional<throttle> decision;
  supervisor_actor supervisor;
  uint32_t number = 0; ///< By which the supervisor knows it.
  uint64_t timer_generation = 0;
  static inline const char* name = "throttle";
};

throttle_actor::behavior_type
throttle_behavior(throttle_actor::stateful_pointer<throttle_state> self,
                  const provider_config& config, supervisor_actor supervisor, uint32_t number);

} // namespace perennial::actors
