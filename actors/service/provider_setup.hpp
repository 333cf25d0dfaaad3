// From a provider's configuration to what its connections are made from: the URL is parsed, the key
// is read from the environment.
#pragma once

#include "actors/service/config.hpp"
#include "protocol/provider/connection.hpp"

#include <vector>

namespace perennial::actors {

/// errc::invalid_input names the provider and what to do. A key never stands in the message.
result<std::vector<provider::provider_settings>> provider_settings_of(const service_config& config);

} // namespace perennial::actors
