// Which proxy stands between us and a provider, as HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY
// say it, in capitals or not. https goes through it by CONNECT, plain http by absolute URLs.
#pragma once

#include "protocol/base/error.hpp"
#include "protocol/http/url.hpp"
#include "protocol/provider/secret.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace perennial {

/// Looks a variable up; nothing where it is not set. Passed in, so that tests need no setenv.
using environment = std::function<std::optional<std::string>(const std::string& name)>;

/// The environment of this process.
environment process_environment();

struct proxy_address {
  std::string host;
  uint16_t port = 0;
  secret authorization; ///< The value of `Proxy-Authorization`, or empty.

  /// For people; never shows the user or the password.
  std::string to_string() const;
};

/// The proxy for `target`, or nothing: none is set, NO_PROXY names the host, or the host is this
/// machine (localhost, 127.0.0.0/8, ::1). invalid_input where the variable cannot be read or names
/// a kind of proxy that is not spoken here (https, socks); the message names the variable only.
result<std::optional<proxy_address>> find_proxy(const url& target, const environment& env);

/// True where `no_proxy` (commas; names with all below them, addresses, a.b.c.d/n, "*", with :port
/// where wanted) takes `host` out.
bool matches_no_proxy(std::string_view no_proxy, std::string_view host, uint16_t port);

} // namespace perennial
