// Everything that is known of one call when it has ended. What it means is outcome.hpp's business.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace perennial::provider {

enum class transport_failure : uint8_t {
  none,
  refused, ///< The connection could not be made.
  dns,     ///< The name has no address.
  connect_timeout,
  tls,   ///< The handshake or the certificate.
  reset, ///< The connection ended before a whole head came.
  first_byte_timeout,
  idle_timeout,
  total_timeout,
  truncated, ///< The answer's body is shorter than it was announced.
  too_large, ///< Over max_response_bytes.
  aborted,   ///< By us.
};

struct call_report {
  bool sent = false; ///< Some of the request may have reached the provider.
  int status = 0;    ///< 0: no head came.
  transport_failure failure = transport_failure::none;
  std::string failure_text; ///< What the library or the system said, without secrets.
  std::string body;
  std::string request_id;
  std::string content_type;
  std::string location_origin;                          ///< Of a redirect, which is never followed.
  std::optional<std::chrono::milliseconds> retry_after; ///< From the headers.
  bool reused = false;                                  ///< An earlier call's connection.
  std::chrono::milliseconds took{0};
};

} // namespace perennial::provider
