#include "actors/work/supervisor/parts.hpp"

#include <algorithm>

namespace perennial::actors {

namespace {

/// A shorter pause is not worth telling of.
constexpr std::chrono::seconds least_pause{1};

/// As it was told, where it was told already: since when does not change.
closed_route closed_since(const supervisor_state& st, const closed_route* told, steady_time now,
                          std::optional<steady_time> until, std::string why) {
  return {st.peers.config.name, told != nullptr ? told->since : now, until, std::move(why)};
}

bool all_keys_parked(const supervisor_state& st, std::string_view model) {
  for (uint32_t k = 0; k < st.ring.size(); ++k) {
    const auto parked = st.ring.at(k).parked.parked();
    if (std::ranges::find(parked, model, &parked_route::model) == parked.end()) return false;
  }
  return true;
}

bool nothing_is_closed(const supervisor_state& st, steady_time now) {
  return breakers_are_closed(st) && st.ring.flows_freely(now) && !st.told.closed &&
         st.told.closed_models.empty();
}

std::optional<closed_route> whole_provider(const supervisor_state& st, steady_time now) {
  const auto* told = st.told.closed ? &*st.told.closed : nullptr;
  if (st.breaker_says.state != breaker_state::closed) {
    return closed_since(st, told, now, st.breaker_says.next_probe, alarm_text(st, now));
  }
  if (all_keys_parked(st, whole_key)) return closed_since(st, told, now, {}, alarm_text(st, now));
  const auto resume = st.ring.next_resume(now);
  if (resume && !st.ring.has_room(now) && *resume - now >= least_pause) {
    return closed_since(st, told, now, *resume, "it has asked for a pause (429)");
  }
  return std::nullopt;
}

std::map<std::string, closed_route> single_models(const supervisor_state& st, steady_time now) {
  std::map<std::string, closed_route> out;
  const auto close = [&](const std::string& model, std::optional<steady_time> until,
                         std::string why) {
    const auto told = st.told.closed_models.find(model);
    out.emplace(model,
                closed_since(st, told == st.told.closed_models.end() ? nullptr : &told->second, now,
                             until, std::move(why)));
  };
  for (const auto& m : st.models) {
    if (m.says.state != breaker_state::closed) close(m.model, m.says.next_probe, m.says.reason);
  }
  for (const auto& p : st.ring.at(0).parked.parked()) {
    if (!p.model.empty() && all_keys_parked(st, p.model)) close(p.model, {}, p.reason);
  }
  return out;
}

} // namespace

void tell_availability(supervisor_ptr self, steady_time now) {
  auto& st = self->state;
  if (nothing_is_closed(st, now)) return;
  provider_availability a;
  a.provider = st.peers.number;
  a.closed = whole_provider(st, now);
  a.closed_models = single_models(st, now);
  if (st.breaker_says.state == breaker_state::half_open) {
    a.trial = static_cast<uint32_t>(st.breaker_permits.available());
  }
  if (a == st.told) return;
  st.told = a;
  self->send(st.peers.dispatcher, available_atom_v,
             availability_ptr{std::make_shared<const provider_availability>(std::move(a))});
}

} // namespace perennial::actors
