#include "actors/work/dispatcher/routes.hpp"

#include <algorithm>
#include <utility>

namespace perennial::actors {

bool matches(std::string_view pattern, std::string_view name) {
  // The usual two-pointer match: on a mismatch let the last star take one character more.
  size_t p = 0;
  size_t n = 0;
  size_t star = std::string_view::npos;
  size_t mark = 0;
  while (n < name.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      mark = n;
    } else if (p < pattern.size() && pattern[p] == name[n]) {
      ++p;
      ++n;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      n = ++mark;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

routes::routes(std::vector<std::vector<std::string>> patterns)
  : patterns_(std::move(patterns)) {}

std::optional<uint32_t> routes::find(std::string_view model) const {
  for (uint32_t i = 0; i < patterns_.size(); ++i) {
    const auto& mine = patterns_[i];
    const bool fits = mine.empty() || std::any_of(mine.begin(), mine.end(),
                                                  [&](const auto& p) { return matches(p, model); });
    if (fits) return i;
  }
  return std::nullopt;
}

} // namespace perennial::actors
