// Small things that are done to text in many places.
#pragma once

#include <string>
#include <string_view>

namespace perennial {

/// With ASCII letters in lower case; other bytes stay.
std::string lower(std::string_view text);

/// Without the spaces and tabs at its ends.
std::string_view trimmed(std::string_view text);

} // namespace perennial
