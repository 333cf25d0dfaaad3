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

routes::routes(std::vector<std::vector<std::string>> patterns, std::vector<route> first)
  : providers_(patterns.size())
  , routes_(std::move(first)) {
  for (auto& r : routes_) std::ranges::stable_sort(r.targets, {}, &route_target::order);
  for (uint32_t i = 0; i < patterns.size(); ++i) {
    routes_.push_back({.patterns = std::move(patterns[i]), .targets = {{i, {}, 0, 1}}});
  }
}

const route* routes::route_of(std::string_view model) const {
  const auto fits = [&](const route& r) {
    return r.patterns.empty() || std::any_of(r.patterns.begin(), r.patterns.end(),
                                             [&](const auto& p) { return matches(p, model); });
  };
  const auto found = std::find_if(routes_.begin(), routes_.end(), fits);
  return found == routes_.end() ? nullptr : &*found;
}

std::optional<uint32_t> routes::find(std::string_view model) const {
  const auto* r = route_of(model);
  if (r == nullptr) return std::nullopt;
  return r->targets.front().provider;
}

bool routes::has_others(uint32_t provider) const {
  return std::ranges::any_of(routes_, [&](const route& r) {
    return r.failover && r.targets.size() > 1 &&
           std::ranges::find(r.targets, provider, &route_target::provider) != r.targets.end();
  });
}

} // namespace perennial::actors
