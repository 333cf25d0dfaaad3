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
  uint64_t sent_since_opened = 0; ///< As circuit_breaker has it.
};

struct throttle_details {
  throttle_permits permits;
  uint32_t requests_per_minute = 0; ///< In force, whether configured or learned; 0: none.
  uint32_t tokens_per_minute = 0;
  bool requests_learned = false;
  bool tokens_learned = false;
};

/// The breaker of one model.
struct model_breaker_details {
  std::string model;
  breaker_details breaker;
};

/// One of a provider's keys.
struct key_details {
  std::string name; ///< "the variable X", "the file X"; empty: no key is sent.
  uint32_t in_flight = 0;
  throttle_details throttle;
  std::vector<parked_route> parked;
};

struct provider_details {
  provider_status status;
  breaker_details breaker;
  std::vector<model_breaker_details> models;
  std::vector<key_details> keys;
};

} // namespace perennial::actors
