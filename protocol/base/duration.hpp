// Durations as people write them in a configuration. How they are shown is in clock.hpp.
#pragma once

#include "protocol/base/error.hpp"

#include <chrono>
#include <string>
#include <string_view>

namespace perennial {

/// Reads "250ms", "10s", "1.5 m", "2h", "1d". A number alone is refused: of what would it be?
result<std::chrono::milliseconds> parse_duration(std::string_view text);

/// The same in the largest unit that is whole: "250ms", "10s", "90s", "2h".
std::string write_duration(std::chrono::milliseconds d);

} // namespace perennial
