// What one call to a provider came to: facts only. What they mean is `classify`'s business.
#pragma once

#include "protocol/base/clock.hpp"
#include "protocol/provider/retry_after.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace perennial {

/// What went wrong on the way; `none` where a whole HTTP answer came.
enum class transport_failure : uint8_t {
  none = 0,
  dns,                ///< The name has no address, or none in time.
  refused,            ///< Nobody listens, or there is no way there.
  connect_timeout,    ///< No connection in time, TLS and proxy included.
  proxy,              ///< The proxy did not open the way.
  tls,                ///< The handshake failed; `detail` says why.
  write_failed,       ///< The connection broke while the request was written.
  reset,              ///< It broke, or was closed, before the first byte of an answer.
  first_byte_timeout, ///< No byte of an answer in time.
  idle_timeout,       ///< No byte moved for too long, either way.
  total_timeout,      ///< The whole call took too long.
  truncated,          ///< The answer ended too early.
  too_large,          ///< The answer is longer than max_response_bytes.
  garbage,            ///< What came is not HTTP.
  aborted,            ///< Ended from here: `abort` or `close`.
  not_kept,           ///< It came, and could not be kept here: no room on the disk, say.
};

/// In lower case, as it stands in logs and metrics.
std::string_view to_string(transport_failure failure) noexcept;

struct call_report {
  /// True once any byte of the request may have left this machine; false is a proof that the
  /// provider saw nothing of it.
  bool sent = false;
  /// False where the provider's settings have no key: it was asked without one.
  bool key_sent = true;
  /// True where the connection had carried an earlier call.
  bool reused = false;
  transport_failure failure = transport_failure::none;
  /// The HTTP status, or 0 where none came. May be set beside a failure: the body broke off.
  int status = 0;
  /// What was wrong, for people; empty without a failure. Never holds the key.
  std::string detail;
  /// The answer's body as far as it came; the key, should it stand there, is covered with
  /// asterisks. Has room for simdjson's padding.
  std::string body;
  /// Bytes of the body that went to `call_options::spill`; then `body` is empty.
  uint64_t spilled = 0;
  /// `x-request-id` or `request-id`: what a provider's support asks for.
  std::string request_id;
  /// `retry-after-ms`, or `Retry-After`.
  std::optional<std::chrono::milliseconds> retry_after;
  rate_limits limits;
  /// From the beginning of the call: to the first byte of the answer (0 where none came), to the
  /// end.
  std::chrono::microseconds first_byte_after{0};
  std::chrono::microseconds duration{0};
};

} // namespace perennial
