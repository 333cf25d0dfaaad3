#include "actors/protect/route_park.hpp"

#include <algorithm>
#include <utility>

namespace perennial::actors {

std::string_view to_string(park_kind kind) noexcept {
  switch (kind) {
  case park_kind::wrong_key: return "wrong_key";
  case park_kind::quota_spent: return "quota_spent";
  case park_kind::wrong_route: return "wrong_route";
  case park_kind::redirected: return "redirected";
  case park_kind::dying_workers: return "dying_workers";
  }
  return "unknown";
}

route_park::route_park(park_config config) noexcept
  : config_(config) {}

/// Calls `f` for the parks that a line of `model` is under: the key's and its model's.
template <class F>
void route_park::with_each(std::string_view model, F f) {
  if (parked_.empty()) return;
  if (auto key = parked_.find(whole_key); key != parked_.end()) f(key);
  if (model.empty()) return;
  if (auto route = parked_.find(model); route != parked_.end()) f(route);
}

const parked_route* route_park::find(std::string_view model) const {
  const auto found = parked_.find(model);
  return found == parked_.end() ? nullptr : &found->second;
}

bool route_park::may_call(std::string_view model) const {
  if (parked_.empty()) return true;
  auto open = [&](std::string_view name) {
    auto found = parked_.find(name);
    return found == parked_.end() || found->second.permits > 0;
  };
  return open(whole_key) && (model.empty() || open(model));
}

steady_time route_park::ask_again(std::string_view model, steady_time now) const {
  const auto soon = now + config_.ask_again;
  auto at = soon;
  for (const auto name : {whole_key, model}) {
    const auto found = parked_.find(name);
    if (found == parked_.end()) continue;
    const auto& route = found->second;
    at = std::max(at, route.probing || route.permits > 0 ? soon : route.next_probe);
  }
  return at;
}

void route_park::take(std::string_view model, steady_time now) {
  with_each(model, [&](routes::iterator found) {
    auto& route = found->second;
    route.permits = 0;
    route.probing = true;
    route.next_probe = now + config_.probe.after(++route.probes);
  });
}

route_park::effect route_park::park(std::string_view model, park_kind kind, std::string reason,
                                    uint32_t epoch, steady_time now) {
  if (epoch < resumed_) return effect::none;
  if (auto found = parked_.find(model); found != parked_.end()) {
    // A probe's answer: what is wrong may be something else by now.
    if (epoch >= found->second.epoch) {
      found->second.kind = kind;
      found->second.reason = std::move(reason);
      found->second.probing = false;
    }
    return effect::none;
  }
  if (!model.empty() && parked_.size() >= config_.most_models) return effect::full;
  parked_.emplace(model, parked_route{.model = std::string{model},
                                      .kind = kind,
                                      .reason = std::move(reason),
                                      .since = now,
                                      .permits = 0,
                                      .next_probe = now + config_.probe.after(0),
                                      .probes = 0,
                                      .probing = false,
                                      .epoch = ++epoch_});
  return effect::changed;
}

bool route_park::on_success(std::string_view model, uint32_t epoch) {
  auto before = parked_.size();
  with_each(model, [&](routes::iterator found) {
    if (epoch >= found->second.epoch) parked_.erase(found);
  });
  return parked_.size() != before;
}

bool route_park::on_returned(std::string_view model, uint32_t epoch) {
  bool changed = false;
  with_each(model, [&](routes::iterator found) {
    auto& route = found->second;
    if (epoch < route.epoch || route.permits > 0) return;
    route.permits = 1;
    route.probing = false;
    changed = true;
  });
  return changed;
}

bool route_park::on_tick(steady_time now) {
  bool changed = false;
  for (auto& [model, route] : parked_) {
    if (route.permits > 0 || now < route.next_probe) continue;
    route.permits = 1;
    changed = true;
  }
  return changed;
}

std::optional<steady_time> route_park::next_wakeup() const {
  std::optional<steady_time> next;
  for (const auto& [model, route] : parked_)
    if (route.permits == 0) next = std::min(next.value_or(route.next_probe), route.next_probe);
  return next;
}

bool route_park::resume(std::string_view model) {
  auto before = parked_.size();
  if (model == whole_key) {
    parked_.clear();
  } else if (auto found = parked_.find(model); found != parked_.end()) {
    parked_.erase(found);
  }
  if (parked_.size() == before) return false;
  resumed_ = ++epoch_;
  return true;
}

std::vector<parked_route> route_park::parked() const {
  std::vector<parked_route> all;
  all.reserve(parked_.size());
  for (const auto& [model, route] : parked_) all.push_back(route); // "" sorts first
  return all;
}

} // namespace perennial::actors
