// The circuit_breaker actor: one per provider, and one per model where that is configured. Learns
// outcomes, pushes a gate to its supervisor when it changes. What it decides stands in
// circuit_breaker.hpp.
#pragma once

#include "actors/interfaces.hpp"
#include "actors/protect/breaker_report.hpp"
#include "actors/protect/circuit_breaker.hpp"
#include "protocol/provider/connection.hpp"

#include <memory>
#include <random>
#include <string>

namespace perennial::actors {

struct breaker_setup {
  std::string name; ///< Of the provider, or of the provider and the model: for the log.
  breaker_config config;
  breaker_scope scope = breaker_scope::provider;
  uint32_t number = 0; ///< By which the supervisor knows it.
  /// To try the mere connection while the provider cannot be connected to. Null: never.
  std::shared_ptr<const provider_client> client;
};

struct breaker_actor_state {
  circuit_breaker decision;
  breaker_setup setup;
  supervisor_actor supervisor;
  probe_actor probe;                              ///< While it is wanted...
  std::shared_ptr<perennial::connection> probing; ///< ...and its connection.
  std::mt19937_64 random{std::random_device{}()};
  uint64_t timer_generation = 0;
  static inline const char* name = "circuit_breaker";
};

breaker_actor::behavior_type
breaker_behavior(breaker_actor::stateful_pointer<breaker_actor_state> self, breaker_setup setup,
                 supervisor_actor supervisor);

} // namespace perennial::actors
