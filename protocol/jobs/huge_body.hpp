// The usage of a body too long for a tree of it, read in one pass that keeps nothing.
#pragma once

#include "protocol/jobs/usage.hpp"

#include <optional>
#include <string_view>

namespace perennial::jobs {

/// As `usage_of`; nothing where the text is not JSON. Memory: a bit per level of nesting.
std::optional<usage> usage_of_huge(std::string_view body);

} // namespace perennial::jobs
