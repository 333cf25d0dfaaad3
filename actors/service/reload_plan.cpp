#include "actors/service/reload_plan.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace perennial::actors {

namespace {

provider_config without_limits(provider_config p) {
  p.max_in_flight = 0;
  p.requests_per_minute = 0;
  p.tokens_per_minute = 0;
  return p;
}

/// All but the providers.
service_config frame_of(service_config c) {
  c.providers.clear();
  return c;
}

std::vector<std::string> names_of(const service_config& c) {
  std::vector<std::string> out;
  for (const auto& p : c.providers) out.push_back(p.name);
  return out;
}

} // namespace

provider_limits limits_of(const provider_config& p) {
  return {p.max_in_flight, p.requests_per_minute, p.tokens_per_minute};
}

reload_plan plan_reload(const service_config& running, const service_config& fresh) {
  reload_plan plan;
  if (!(frame_of(running) == frame_of(fresh)))
    plan.need_restart.push_back("something outside of the providers");
  if (names_of(running) != names_of(fresh))
    plan.need_restart.push_back("the list of providers, or its order,");
  for (const auto& p : running.providers) {
    const auto now = std::ranges::find(fresh.providers, p.name, &provider_config::name);
    const bool there = now != fresh.providers.end();
    plan.limits.push_back(there ? std::optional{limits_of(*now)} : std::nullopt);
    if (there && !(without_limits(p) == without_limits(*now))) {
      plan.need_restart.push_back(
        fmt::format("something of provider \"{}\" beside its limits", p.name));
    }
  }
  return plan;
}

void take_limits(service_config& to, const service_config& fresh) {
  for (auto& p : to.providers) {
    const auto now = std::ranges::find(fresh.providers, p.name, &provider_config::name);
    if (now == fresh.providers.end()) continue;
    p.max_in_flight = now->max_in_flight;
    p.requests_per_minute = now->requests_per_minute;
    p.tokens_per_minute = now->tokens_per_minute;
  }
}

} // namespace perennial::actors
