// How long a provider asks to wait. Every form that is known, from headers that are not trusted.
#pragma once

#include "protocol/base/clock.hpp"

#include <chrono>
#include <optional>
#include <string_view>

namespace perennial::provider {

/// Longer waits are cut to this: a wrong clock or a bad header must not stop a batch for a day.
inline constexpr std::chrono::milliseconds longest_wait{3'600'000};

/// `Retry-After`: seconds (whole or with a fraction) or an HTTP date. Nothing for what is neither.
std::optional<std::chrono::milliseconds> parse_retry_after(std::string_view value, wall_time now);

/// `retry-after-ms`: milliseconds.
std::optional<std::chrono::milliseconds> parse_retry_after_ms(std::string_view value);

} // namespace perennial::provider
