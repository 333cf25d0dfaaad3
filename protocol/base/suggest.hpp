// "did you mean …?" for names that people type: configuration keys, fields, endpoints.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace perennial {

/// The candidate nearest to `word` by letters added, left out, changed or swapped with a neighbour
/// (case counts for nothing), or empty where none is near: at most one such change for each three
/// letters, and at least one.
std::string_view nearest(std::string_view word, std::span<const std::string_view> candidates);

/// `; did you mean "candidate"?`, to end a sentence with, or empty where no candidate is near.
std::string suggest(std::string_view word, std::span<const std::string_view> candidates);

} // namespace perennial
