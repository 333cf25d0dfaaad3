// How the fake provider behaves. Set by flags at the start; most of it can be changed while it runs
// by POST /control, so that a test can break the provider and mend it again.
#pragma once

#include "protocol/base/error.hpp"
#include "tools/sim/fault.hpp"
#include "tools/sim/outage.hpp"

#include <nlohmann/json_fwd.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace perennial::sim {

/// Behaviour that may change at run time.
struct settings {
  uint64_t seed = 1;
  std::chrono::nanoseconds latency{};
  double jitter = 0;
  fault_rates rates{};
  std::chrono::seconds retry_after{1};
  std::chrono::nanoseconds drip_interval = std::chrono::milliseconds{200};
  std::chrono::nanoseconds stream_gap{}; ///< between the events of a stream

  std::vector<std::string> models = {"sim-model"};
  bool unknown_models = false; ///< only `models` exist
  std::string wrong_model;     ///< this one does not
  std::string answer_headers;  ///< with every good answer: whole lines, each with CR LF
  std::string throttle_key;    ///< 429 with Retry-After for this bearer token
  std::string spent_key;       ///< 429 of a spent quota, with Retry-After, for this one
  std::string fail_model;      ///< 500 for this model
  std::string forbid;          ///< 403 for a prompt with this text
  std::string hold;            ///< a prompt with this text waits until this is cleared
  std::string api_key;
  uint64_t limit_in_flight = 0;     ///< 0: none
  uint64_t requests_per_minute = 0; ///< 0: none

  uint64_t answer_bytes = 0; ///< answers are padded to this
  uint64_t max_echo = 1 << 20;

  outage_schedule outages;
};

/// Sets what one JSON object says and leaves the rest. `now` starts an ordered outage. Nothing is
/// changed when any member is wrong.
result<void> apply_control(settings& s, const nlohmann::json& changes, steady_time now);

/// What is in force, with the names that `apply_control` takes; the key is only said to be set.
nlohmann::json to_json(const settings& s, steady_time now);

/// What is wrong with the settings as a whole, such as rates that add up to more than 1.
result<void> check(const settings& s);

} // namespace perennial::sim
