// The circuit_breaker actor: one per provider. Learns outcomes, pushes a gate to its supervisor
// when it changes. What it decides stands in circuit_breaker.hpp.
#pragma once

#include "actors/interfaces.hpp"
#include "actors/protect/circuit_breaker.hpp"
#include "actors/service/config.hpp"

#include <random>
#include <string>

namespace perennial::actors {

struct breaker_actor_state {
  circuit_breaker decision;
  std::string provider;
  supervisor_actor supervisor;
  uint32_t number = 0; ///< By which the supervisor knows it.
  std::mt19937_64 random{std::random_device{}()};
  uint64_t timer_generation = 0;
  static inline const char* name = "circuit_breaker";
};

breaker_actor::behavior_type
breaker_behavior(breaker_actor::stateful_pointer<breaker_actor_state> self,
                 const provider_config& provider, supervisor_actor supervisor, uint32_t number);

} // namespace perennial::actors
