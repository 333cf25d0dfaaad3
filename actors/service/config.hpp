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
  std::string base_url;            ///< "https://host/v1"
  std::vector<std::string> models; ///< Patterns with `*`; empty: every model.
  std::string api_key_env;         ///< The variable that holds the key; empty: no key is sent.
  std::vector<std::string> more_key_envs; ///< Further keys, which share the load.
  std::vector<std::string> key_files;     ///< Keys in files, one each; read again at a reload.
  uint32_t max_in_flight = 0;             ///< 0: finds itself ("auto").
  uint32_t requests_per_minute = 0;       ///< Of each key. 0: no limit but what is learned.
  uint32_t tokens_per_minute = 0;         ///< The same.
  std::chrono::milliseconds connect_timeout{10'000};
  std::chrono::milliseconds first_byte_timeout{600'000};
  std::chrono::milliseconds idle_timeout{120'000};
  std::chrono::milliseconds total_timeout{600'000};
  /// How long the circuit breaker leaves a provider alone that it takes for down, at first; up to
  /// thirty times as long where it stays down.
  std::chrono::milliseconds breaker_open{10'000};
  bool breaker_per_model = false; ///< Each model has a circuit breaker of its own.
  std::string user_agent = "perennial/" PERENNIAL_VERSION;
  std::string ca_file; ///< Trusted besides the system's certificates.
  /// A longer answer fails its line. What is long goes to the disk, not into memory.
  uint64_t max_response_bytes = 2048 * mib;

  friend bool operator==(const provider_config&, const provider_config&) = default;
};

/// Where the lines of a model go.
struct model_route {
  struct target {
    std::string provider; ///< By name.
    std::string model;    ///< What that provider calls it; empty: the same.
    uint32_t order = 0;   ///< Lower ones first.
    uint32_t weight = 1;  ///< Among those of one order.

    friend bool operator==(const target&, const target&) = default;
  };
  std::string pattern; ///< With `*`.
  std::vector<target> targets;
  bool failover = false; ///< A line goes on to the next target where one takes none.
  /// A target that takes none for so long is passed over.
  std::chrono::milliseconds failover_after{30'000};

  friend bool operator==(const model_route&, const model_route&) = default;
};

struct service_config {
  std::string data_dir;
  uint64_t memory_budget = 512 * mib;
  std::vector<provider_config> providers;
  std::vector<model_route> models; ///< Before the providers' own patterns.
  uint32_t max_attempts = 5;
  /// From its first call on, a line may take so long over all attempts; 0: as long as it takes.
  std::chrono::milliseconds line_deadline{0};
  /// After so long a batch ends as expired, with the results that it has; 0: never.
  std::chrono::milliseconds batch_expires_after{0};
  /// Below this much free room on the disk no upload is taken; 0: found from the disk's size.
  uint64_t disk_reserve = 0;
  uint64_t max_line_bytes = jobs::default_max_line_bytes;
  std::chrono::milliseconds drain_deadline{30'000};

  friend bool operator==(const service_config&, const service_config&) = default;
};

/// The most calls in flight that `auto` may reach.
inline constexpr uint32_t auto_in_flight_max = 4096;

} // namespace perennial::actors
