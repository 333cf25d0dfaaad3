// How long a provider asks us to wait, in all the ways they say it. Untrusted text in, a sane
// duration or nothing out: negative, endless and unreadable values are nothing, huge ones are cut.
#pragma once

#include "protocol/base/clock.hpp"

#include <chrono>
#include <optional>
#include <string_view>

namespace perennial {

/// Longer waits are cut to this unless told otherwise: a provider's mistake must not stop a batch
/// for a year.
inline constexpr std::chrono::milliseconds longest_wait = std::chrono::hours{1};

/// `Retry-After`: seconds ("30", "0.5") or an HTTP date (any of RFC 9110's three forms), of which
/// `now` is subtracted. Zero and the past are nothing: they ask for no wait.
std::optional<std::chrono::milliseconds>
parse_retry_after(std::string_view value, wall_time now,
                  std::chrono::milliseconds cap = longest_wait);

/// `retry-after-ms`: milliseconds.
std::optional<std::chrono::milliseconds>
parse_retry_after_ms(std::string_view value, std::chrono::milliseconds cap = longest_wait);

/// A number of seconds as JSON has it (`retryAfterSeconds`).
std::optional<std::chrono::milliseconds>
wait_from_seconds(double seconds, std::chrono::milliseconds cap = longest_wait);

/// `x-ratelimit-reset-*`: "1s", "6m0s", "20ms", "1h2m3.5s", or plain seconds.
std::optional<std::chrono::milliseconds> parse_reset(std::string_view value,
                                                     std::chrono::milliseconds cap = longest_wait);

/// What the `x-ratelimit-*` headers of an answer said.
struct rate_limits {
  std::optional<uint64_t> limit_requests, remaining_requests;
  std::optional<uint64_t> limit_tokens, remaining_tokens;
  std::optional<std::chrono::milliseconds> reset_requests, reset_tokens;

  friend bool operator==(const rate_limits&, const rate_limits&) = default;

  /// Reads one header into its place; false where `name` (in lower case) is none of them.
  bool read(std::string_view name, std::string_view value);

  /// How long until there is something left again, where a remainder is 0.
  std::optional<std::chrono::milliseconds> wait() const;
};

} // namespace perennial
