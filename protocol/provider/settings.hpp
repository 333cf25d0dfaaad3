// What a connection to a provider is made from. Values only; `provider_client::make` checks them.
#pragma once

#include "protocol/base/bytes.hpp"
#include "protocol/http/tls.hpp"
#include "protocol/http/url.hpp"
#include "protocol/provider/proxy.hpp"
#include "protocol/provider/secret.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace perennial {

/// Four limits, each for itself: a server that drips bytes defeats the idle limit, one that never
/// answers is not caught by a total meant for long answers.
struct call_timeouts {
  std::chrono::milliseconds connect{10'000};     ///< name, TCP, proxy and TLS together
  std::chrono::milliseconds first_byte{600'000}; ///< request sent to first byte: the whole thinking
  std::chrono::milliseconds idle{60'000};        ///< between two bytes, either way
  std::chrono::milliseconds total{600'000};      ///< the whole call, connecting included
};

struct provider_settings {
  std::string name; ///< For people and metrics.
  url base_url;     ///< Where to send.
  secret api_key;   ///< Sent as `Authorization: Bearer`; none where empty.
  std::string user_agent = "perennial/" PERENNIAL_VERSION;
  std::vector<std::pair<std::string, std::string>>
    headers; ///< Sent beside ours; may not replace them.
  call_timeouts timeouts;
  uint64_t max_response_bytes = 64 * mib; ///< A longer answer ends the call (too_large).
  tls_trust trust;                        ///< Used where base_url is https.
  std::optional<proxy_address> proxy;     ///< From `find_proxy`, or none.
};

/// Names the setting that is wrong and what to write, without showing a key. invalid_input.
result<void> check_settings(const provider_settings& settings);

/// True where `value` may stand in a header: a line break in it would begin a header of its own.
bool is_header_value(std::string_view value) noexcept;

} // namespace perennial
