// Durations as people write them on a command line: "250us", "100ms", "1.5s", "2m", "1h", "0".
#pragma once

#include "protocol/base/error.hpp"

#include <chrono>
#include <string_view>

namespace perennial::sim {

/// Reads one duration. A unit is needed, except for 0. At most 1,000 hours.
result<std::chrono::nanoseconds> parse_duration(std::string_view text);

} // namespace perennial::sim
