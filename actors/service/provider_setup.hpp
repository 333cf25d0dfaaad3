// From a provider's configuration to the client that its workers' connections come from, and to its
// keys: the URL is parsed, the keys are read from the environment and from files, the proxy and the
// certificates are found.
#pragma once

#include "actors/service/config.hpp"
#include "actors/work/call_key.hpp"
#include "protocol/provider/connection.hpp"

#include <memory>
#include <vector>

namespace perennial::actors {

/// One client for each provider, in order; its keys are looked at too. errc::invalid_input names
/// the provider and what to do.
result<std::vector<std::shared_ptr<const provider_client>>>
make_provider_clients(const service_config& config);

/// The provider's keys, variables first, as the environment and the files have them now; one empty
/// key where none is named or none is set. errc::invalid_input: a file that cannot be read or holds
/// no key. A key never stands in the message.
result<std::vector<provider_key>> read_provider_keys(const provider_config& p);
/// Says in the log which variables of several keys are not set.
void warn_of_missing_keys(const provider_config& p);

} // namespace perennial::actors
