#include "actors/work/dispatcher/route_choice.hpp"

#include <algorithm>
#include <utility>

namespace perennial::actors {

namespace {

/// Closed for longer than a line should wait for it, or will be by its own word.
bool long_closed(const route& r, const closed_route& c, steady_time now) {
  return now - c.since >= r.failover_after || (c.until && *c.until - now > r.failover_after);
}

/// What the target calls the model.
std::string name_at(const route_target& t, std::string_view model) {
  return t.model.empty() ? std::string{model} : t.model;
}

} // namespace

route_choice::route_choice(routes where)
  : routes_(std::move(where))
  , said_(routes_.size())
  , tryable_(routes_.size())
  , turns_(routes_.all().size()) {
  for (const auto& r : routes_.all()) {
    if (!r.failover) continue;
    for (const auto& t : r.targets) tryable_[t.provider] = true;
  }
}

const closed_route* route_choice::closed_at(const route_target& t, std::string_view model) const {
  const auto& a = said_[t.provider];
  if (a.closed) return &*a.closed;
  const auto found = a.closed_models.find(name_at(t, model));
  return found == a.closed_models.end() ? nullptr : &found->second;
}

bool route_choice::passed_over(const route& r, const route_target& t, std::string_view model,
                               steady_time now) const {
  if (!r.failover) return false;
  const auto* c = closed_at(t, model);
  if (c == nullptr) return false;
  return long_closed(r, *c, now);
}

const route_target* route_choice::choose(std::string_view model, steady_time now) {
  const auto* r = routes_.route_of(model);
  if (r == nullptr) return nullptr;
  const auto& targets = r->targets;
  if (targets.size() == 1) return &targets.front();
  const auto open = std::find_if(targets.begin(), targets.end(), [&](const route_target& t) {
    return !passed_over(*r, t, model, now);
  });
  const bool all_closed = open == targets.end();
  const auto order = all_closed ? targets.front().order : open->order;

  auto& turns = turns_[static_cast<size_t>(r - routes_.all().data())];
  turns.resize(targets.size());
  int64_t sum = 0;
  const route_target* best = nullptr;
  for (size_t i = 0; i < targets.size(); ++i) {
    const auto& t = targets[i];
    if (t.order != order || (!all_closed && passed_over(*r, t, model, now))) continue;
    turns[i] += t.weight;
    sum += t.weight;
    if (best == nullptr || turns[i] > turns[static_cast<size_t>(best - targets.data())]) best = &t;
  }
  turns[static_cast<size_t>(best - targets.data())] -= sum;
  return best;
}

void route_choice::on_availability(const provider_availability& a) {
  if (a.provider < said_.size()) said_[a.provider] = a;
}

const route_target* route_choice::target_of(const route& r, uint32_t provider) {
  const auto at = std::ranges::find(r.targets, provider, &route_target::provider);
  return at == r.targets.end() ? nullptr : &*at;
}

bool route_choice::should_leave(uint32_t provider, std::string_view model, steady_time now) const {
  const auto* r = routes_.route_of(model);
  if (r == nullptr || r->targets.size() == 1) return false;
  const auto* at = target_of(*r, provider);
  if (at == nullptr || !passed_over(*r, *at, model, now)) return false;
  return std::ranges::any_of(
    r->targets, [&](const route_target& t) { return !passed_over(*r, t, model, now); });
}

bool route_choice::should_return(uint32_t provider, std::string_view model) const {
  const auto* r = routes_.route_of(model);
  if (r == nullptr || !r->failover || r->targets.size() == 1) return false;
  const auto* at = target_of(*r, provider);
  if (at == nullptr) return false;
  return std::ranges::any_of(r->targets, [&](const route_target& t) {
    return t.order < at->order && closed_at(t, model) == nullptr;
  });
}

const closed_route* route_choice::closed(uint32_t provider, std::string_view model) const {
  const auto* r = routes_.route_of(model);
  const auto* t = r == nullptr ? nullptr : target_of(*r, provider);
  return t == nullptr ? nullptr : closed_at(*t, model);
}

const route_target* route_choice::may_try(uint32_t provider, std::string_view model) const {
  const auto* r = routes_.route_of(model);
  if (r == nullptr || !r->failover) return nullptr;
  const auto* t = target_of(*r, provider);
  if (t == nullptr) return nullptr;
  const auto& a = said_[provider];
  const auto of_model = a.closed_models.find(name_at(*t, model));
  const bool model_closed = of_model != a.closed_models.end();
  if (a.closed) return model_closed ? nullptr : t;
  return model_closed && of_model->second.trial > 0 ? t : nullptr;
}

bool route_choice::wants_trials(uint32_t provider) const {
  return std::ranges::any_of(said_[provider].closed_models,
                             [](const auto& m) { return m.second.trial > 0; });
}

void route_choice::on_trial(const route_target& t, std::string_view model) {
  auto& models = said_[t.provider].closed_models;
  const auto found = models.find(name_at(t, model));
  if (found != models.end() && found->second.trial > 0) --found->second.trial;
}

std::optional<steady_time> route_choice::next_change(steady_time now) const {
  std::optional<steady_time> next;
  const auto look = [&](const route& r, const closed_route& c) {
    const auto at = c.since + r.failover_after;
    if (at > now) next = std::min(next.value_or(at), at);
  };
  for (const auto& r : routes_.all()) {
    if (!r.failover) continue;
    for (const auto& t : r.targets) {
      const auto& a = said_[t.provider];
      if (a.closed) look(r, *a.closed);
      for (const auto& [model, c] : a.closed_models) look(r, c);
    }
  }
  return next;
}

} // namespace perennial::actors
