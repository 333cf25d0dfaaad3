// What the fake provider counts, for GET /stats.
#pragma once

#include "tools/sim/fault.hpp"

#include <nlohmann/json_fwd.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace perennial::sim {

/// Why a request was turned away by a rule, not by the dice.
enum class refusal : uint8_t {
  malformed,    ///< 400, 413, 431
  unauthorized, ///< 401
  forbidden,    ///< 403
  wrong_path,   ///< 404, 405
  wrong_model,  ///< 404
  in_flight,    ///< 429, beyond --limit-in-flight
  rpm,          ///< 429, beyond --rpm
};

inline constexpr std::array<std::string_view, 7> refusal_names = {
  "malformed", "unauthorized", "forbidden", "wrong_path", "wrong_model", "in_flight", "rpm"};

/// Counts since the start or the last reset. Requests for /stats, /control and /healthz count
/// nowhere, and neither do connections to the control port.
struct counters {
  uint64_t requests = 0;
  uint64_t answered_ok = 0; ///< 2xx whose last bytes went out, or lost by a reset after the work
  uint64_t in_flight = 0;
  uint64_t max_in_flight = 0;
  uint64_t connections_total = 0;
  uint64_t connections_open = 0;
  uint64_t connections_max = 0;
  std::array<uint64_t, fault_count> faults{};
  std::array<uint64_t, refusal_names.size()> refused{};
};

/// Fills a JSON object with the counts.
nlohmann::json to_json(const counters& c);

} // namespace perennial::sim
