#include "tools/sim/stats.hpp"

#include <nlohmann/json.hpp>

namespace perennial::sim {

nlohmann::json to_json(const counters& c) {
  nlohmann::json faults = nlohmann::json::object();
  for (size_t i = 0; i < fault_count; ++i) faults[std::string(fault_names[i])] = c.faults[i];
  nlohmann::json refused = nlohmann::json::object();
  for (size_t i = 0; i < refusal_names.size(); ++i)
    refused[std::string(refusal_names[i])] = c.refused[i];
  return {{"requests", c.requests},
          {"answered_ok", c.answered_ok},
          {"in_flight", c.in_flight},
          {"max_in_flight", c.max_in_flight},
          {"connections_total", c.connections_total},
          {"connections_open", c.connections_open},
          {"connections_max", c.connections_max},
          {"faults", std::move(faults)},
          {"refused", std::move(refused)}};
}

} // namespace perennial::sim
