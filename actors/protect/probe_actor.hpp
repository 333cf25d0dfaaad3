// The probe of a circuit breaker: while the provider cannot be connected to, tries the mere
// connection once a second and tells the breaker, which may then try real lines sooner. Detached,
// since connecting blocks; lives as long as its breaker wants it.
#pragma once

#include "actors/interfaces.hpp"
#include "protocol/provider/connection.hpp"

#include <memory>

namespace perennial::actors {

struct probe_state {
  std::shared_ptr<perennial::connection> connection;
  breaker_actor breaker;
  static inline const char* name = "probe";
};

/// Whoever spawns it keeps the connection too, and closes it to end a try that is going on.
probe_actor::behavior_type probe_behavior(probe_actor::stateful_pointer<probe_state> self,
                                          std::shared_ptr<perennial::connection> connection,
                                          breaker_actor breaker);

} // namespace perennial::actors
