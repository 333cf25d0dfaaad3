#include "actors/service/route_setup.hpp"

#include <algorithm>

namespace perennial::actors {

routes routes_of(const service_config& config) {
  const auto number_of = [&](const std::string& name) {
    const auto at = std::ranges::find(config.providers, name, &provider_config::name);
    return static_cast<uint32_t>(at - config.providers.begin());
  };
  std::vector<route> first;
  for (const auto& m : config.models) {
    route r{.patterns = {m.pattern},
            .targets = {},
            .failover = m.failover,
            .failover_after = m.failover_after};
    for (const auto& t : m.targets) {
      r.targets.push_back({number_of(t.provider), t.model, t.order, t.weight});
    }
    first.push_back(std::move(r));
  }
  std::vector<std::vector<std::string>> patterns;
  for (const auto& p : config.providers) patterns.push_back(p.models);
  return routes{std::move(patterns), std::move(first)};
}

} // namespace perennial::actors
