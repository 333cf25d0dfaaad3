// What a service is told, whether by a file, by flags or by a test. Values only; reading the file
// is the program's business.
#pragma once

#include "protocol/base/bytes.hpp"
#include "protocol/jobs/line_splitter.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace perennial::actors {

struct provider_config {
  std::string name = "default";
  std::string base_url;             ///< "https://host/v1"
  std::vector<std::string> models;  ///< Patterns with `*`; empty: every model.
  std::string api_key_env;          ///< The variable that holds the key; empty: no key is sent.
  uint32_t max_in_flight = 0;       ///< 0: finds itself ("auto").
  uint32_t requests_per_minute = 0; ///< 0: no limit.
  std::chrono::milliseconds connect_timeout{10'000};
  std::chrono::milliseconds first_byte_timeout{600'000};
  std::chrono::milliseconds idle_timeout{120'000};
  std::chrono::milliseconds total_timeout{600'000};
  /// How long the circuit breaker leaves a provider alone that it takes for down, at first; up to
  /// thirty times as long where it stays down.
  std::chrono::milliseconds breaker_open{10'000};
  std::string user_agent = "perennial/" PERENNIAL_VERSION;
  std::string ca_file; ///< Trusted besides the system's certificates.
  uint64_t max_response_bytes = 64 * mib;
};

struct service_config {
  std::string data_dir;
  uint64_t memory_budget = 512 * mib;
  std::vector<provider_config> providers;
  uint32_t max_attempts = 5;
  uint64_t max_line_bytes = jobs::default_max_line_bytes;
  std::chrono::milliseconds drain_deadline{30'000};
};

/// The most calls in flight that `auto` may reach.
inline constexpr uint32_t auto_in_flight_max = 4096;

} // namespace perennial::actors
