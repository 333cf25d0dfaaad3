#include "actors/work/supervisor/parts.hpp"
#include "protocol/base/log.hpp"

#include <algorithm>
#include <utility>

namespace perennial::actors {

namespace {

/// A shorter pause is not worth telling of.
constexpr std::chrono::seconds least_pause{1};

/// Lines for a trial that have not come by then were lost on the way: they are asked for again.
constexpr std::chrono::seconds trial_patience{1};

/// As it was told, where it was told already: since when does not change.
closed_route closed_since(const supervisor_state& st, const closed_route* told, steady_time now,
                          std::optional<steady_time> until, std::string why) {
  return {st.peers.config.name, told != nullptr ? told->since : now, until, std::move(why)};
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
  const auto stopped = st.ring.stopped(now);
  if (!stopped) return std::nullopt;
  if (stopped->parked) return closed_since(st, told, now, stopped->until, alarm_text(st, now));
  if (*stopped->until - now < least_pause) return std::nullopt;
  return closed_since(st, told, now, stopped->until,
                      stopped->asked ? "it has asked for a pause" : "its rate is used up");
}

std::map<std::string, closed_route> single_models(const supervisor_state& st, steady_time now) {
  std::map<std::string, closed_route> out;
  const auto close = [&](const std::string& model, std::optional<steady_time> until,
                         std::string why, uint32_t trial) {
    const auto told = st.told.closed_models.find(model);
    auto c = closed_since(st, told == st.told.closed_models.end() ? nullptr : &told->second, now,
                          until, std::move(why));
    c.trial = trial;
    out.emplace(model, std::move(c));
  };
  for (const auto& m : st.models) {
    if (m.says.state == breaker_state::closed) continue;
    close(m.model, m.says.next_probe, m.says.reason, static_cast<uint32_t>(m.permits.available()));
  }
  for (const auto& p : st.ring.at(0).parked.parked()) {
    const auto& model = p.model;
    if (model.empty() || !st.ring.all_parked(model)) continue;
    close(model, {}, p.reason, st.ring.probes_of(model));
  }
  return out;
}

/// A long pause, and its end. What else closes a provider is logged where it is found out.
void log_pause(supervisor_state& st, const provider_availability& next, steady_time now) {
  if (!next.closed) {
    if (std::exchange(st.pause_logged, false))
      logging::info("{}: the pause is over", st.peers.config.name);
    return;
  }
  if (st.pause_logged || st.breaker_says.state != breaker_state::closed) return;
  const auto stopped = st.ring.stopped(now);
  if (!stopped || !stopped->asked || stopped->parked) return;
  const auto text = pause_text(st, now);
  if (text.empty()) return;
  logging::warn("{}: {}", st.peers.config.name, text);
  st.pause_logged = true;
}

bool wants_a_trial(const provider_availability& a) {
  return std::ranges::any_of(a.closed_models, [](const auto& m) { return m.second.trial > 0; });
}

} // namespace

std::optional<uint32_t> trial_room(const supervisor_state& st, steady_time now) {
  if (!st.told.closed) return std::nullopt;
  const auto stopped = st.ring.stopped(now);
  const auto keys = stopped ? int64_t{stopped->probes} : unlimited_permits;
  const auto room = std::min(keys, st.breaker_permits.available());
  return static_cast<uint32_t>(std::min<int64_t>(room, most_out(st)));
}

void tell_availability(supervisor_ptr self, steady_time now) {
  auto& st = self->state;
  if (nothing_is_closed(st, now)) return;
  provider_availability a;
  a.provider = st.peers.number;
  a.closed = whole_provider(st, now);
  a.closed_models = single_models(st, now);
  if (wants_a_trial(a)) wake_at(self, now + trial_patience, now);
  const bool overdue = wants_a_trial(a) && now - st.told_at >= trial_patience;
  if (a == st.told && !overdue) return;
  log_pause(st, a, now);
  if (a.closed) st.wanted = 0; // the dispatcher forgets it with this, too
  st.told = a;
  st.told_at = now;
  self->send(st.peers.dispatcher, available_atom_v,
             availability_ptr{std::make_shared<const provider_availability>(std::move(a))});
}

} // namespace perennial::actors
