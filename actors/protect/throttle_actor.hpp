// The throttle actor: one per key of a provider. Requests and tokens per minute, pauses after a
// 429, and how many calls may be in flight. What it decides stands in throttle.hpp. What it learns
// of the provider's limits it remembers for the next start.
#pragma once

#include "actors/interfaces.hpp"
#include "actors/protect/throttle.hpp"
#include "actors/service/config.hpp"
#include "actors/work/limit_memory.hpp"

#include <memory>
#include <optional>
#include <string>

namespace perennial::actors {

struct throttle_setup {
  throttle_config config;
  uint32_t number = 0; ///< By which the supervisor knows it.
  std::string base_url;
  secret key;
  std::shared_ptr<limit_memory> memory; ///< Null: nothing is remembered.
};

throttle_config throttle_config_of(const provider_config& c);

struct throttle_state {
  std::optional<throttle> decision;
  throttle_setup setup;
  supervisor_actor supervisor;
  uint64_t timer_generation = 0;
  steady_time timer_at = steady_time::max(); ///< When it wakes itself next.
  static inline const char* name = "throttle";
};

throttle_actor::behavior_type
throttle_behavior(throttle_actor::stateful_pointer<throttle_state> self, throttle_setup setup,
                  supervisor_actor supervisor);

} // namespace perennial::actors
