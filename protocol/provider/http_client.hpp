// Makes a cpp-httplib client for a provider: TLS with certificates that are read on demand, proxy,
// keep-alive. The one place that knows how to set one up.
#pragma once

#include "protocol/provider/settings.hpp"

#include <httplib.h>

#include <memory>

namespace perennial::provider {

/// A client that has connected to nobody yet.
std::unique_ptr<httplib::ClientImpl> make_http_client(const provider_settings& settings);

/// Whether calls to this provider go through a proxy ($HTTPS_PROXY, $ALL_PROXY, not in $NO_PROXY).
bool uses_proxy(const provider_settings& settings);

} // namespace perennial::provider
