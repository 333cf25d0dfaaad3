// From a provider's configuration to the client that its workers' connections come from: the URL is
// parsed, the key is read from the environment, the proxy and the certificates are found.
#pragma once

#include "actors/service/config.hpp"
#include "protocol/provider/connection.hpp"

#include <memory>
#include <vector>

namespace perennial::actors {

/// One client for each provider, in order. errc::invalid_input names the provider and what to do. A
/// key never stands in the message.
result<std::vector<std::shared_ptr<const provider_client>>>
make_provider_clients(const service_config& config);

} // namespace perennial::actors
