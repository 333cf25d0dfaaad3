// From a provider's settings to an open channel: name, TCP, proxy, TLS, under one deadline.
#pragma once

#include "protocol/base/clock.hpp"
#include "protocol/provider/call_report.hpp"
#include "protocol/provider/channel.hpp"
#include "protocol/provider/interrupt.hpp"
#include "protocol/provider/resolver.hpp"
#include "protocol/provider/settings.hpp"

#include <string>

namespace perennial {

struct dial_problem {
  transport_failure failure{};
  std::string detail; ///< a sentence for people
};

/// Opens a connection. Tries the addresses of a name in turn, each with its share of the time left.
/// `tls` is null for plain http. Nothing of a request is sent here.
tl::expected<channel, dial_problem> dial(const provider_settings& settings, const tls_client* tls,
                                         resolver& names, const call_timeouts& timeouts,
                                         steady_time deadline, interrupt& stop);

} // namespace perennial
