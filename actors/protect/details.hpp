// What breaker, throttle and provider say of themselves for people: `perennial providers` and
// /v1/providers show it.
#pragma once

#include "actors/messages.hpp"
#include "actors/protect/circuit_breaker.hpp"
#include "actors/protect/route_park.hpp"
#include "actors/protect/throttle.hpp"

#include <string>
#include <vector>

namespace perennial::actors {

struct breaker_details {
  breaker_gate gate;
  std::vector<breaker_change> history; ///< Oldest first; at most circuit_breaker::history_size.
  outcome_counts window;
};

struct throttle_details {
  throttle_permits permits;
};

struct provider_details {
  provider_status status;
  breaker_details breaker;
  throttle_details throttle;
  std::vector<parked_route> parked;
};

} // namespace perennial::actors
