// What a changed configuration means for a running service: which limits it takes over, and what
// needs a restart. A pure function.
#pragma once

#include "actors/service/config.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace perennial::actors {

/// What of a provider may change while it runs, beside the contents of its key files.
struct provider_limits {
  uint32_t max_in_flight = 0;
  uint32_t requests_per_minute = 0;
  uint32_t tokens_per_minute = 0;

  friend bool operator==(const provider_limits&, const provider_limits&) = default;
};

provider_limits limits_of(const provider_config& p);

struct reload_plan {
  /// By provider, in the order of the running configuration; nothing where it is not there any
  /// more.
  std::vector<std::optional<provider_limits>> limits;
  /// In words that fit before "changed".
  std::vector<std::string> need_restart;
};

reload_plan plan_reload(const service_config& running, const service_config& fresh);

/// Takes the limits of providers that `fresh` has too, and nothing else.
void take_limits(service_config& to, const service_config& fresh);

} // namespace perennial::actors
