#include "actors/protect/throttle_actor.hpp"

#include "actors/protect/details.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <algorithm>

namespace perennial::actors {

namespace {

using self_ptr = throttle_actor::stateful_pointer<throttle_state>;

void push(self_ptr self) {
  auto& st = self->state;
  const auto now = self->clock().now();
  self->send(st.supervisor, permits_atom_v, st.number, st.decision->permits());
  if (const auto when = st.decision->next_wakeup(now)) {
    const auto wait = std::max<steady_time::duration>(*when - now, std::chrono::milliseconds{1});
    self->delayed_send(self, wait, wakeup_atom_v, ++st.timer_generation);
  }
}

throttle_config settings_of(const provider_config& c) {
  throttle_config out;
  if (c.max_in_flight != 0) out.concurrency.fixed = c.max_in_flight;
  out.concurrency.max = auto_in_flight_max;
  out.requests_per_minute = c.requests_per_minute;
  return out;
}

bool learn(throttle& t, const outcome_event& e, steady_time now) {
  const call_timing timing{e.sent, e.in_flight, 1};
  if (e.outcome.kind == outcome_kind::throttled || e.outcome.kind == outcome_kind::throttled_for) {
    return t.on_throttled(e.outcome.wait_at_least, timing, now);
  }
  switch (e.outcome.concurrency) {
  case concurrency_effect::grow: return t.on_success(timing, now);
  case concurrency_effect::shrink: return t.on_overload(timing, now);
  case concurrency_effect::none: break;
  }
  return false;
}

} // namespace

throttle_actor::behavior_type throttle_behavior(self_ptr self, const provider_config& config,
                                                supervisor_actor supervisor, uint32_t number) {
  self->state.decision.emplace(settings_of(config), self->clock().now());
  self->state.supervisor = std::move(supervisor);
  self->state.number = number;
  push(self);
  return {
    [self](outcome_atom, const outcome_list& events) {
      const auto now = self->clock().now();
      bool changed = false;
      for (const auto& e : events) changed |= learn(*self->state.decision, e, now);
      if (changed) push(self);
    },
    [self](used_atom, uint32_t calls) {
      if (self->state.decision->on_used(calls, self->clock().now())) push(self);
    },
    [self](status_atom) { return self->state.decision->permits(); },
    [self](details_atom) -> throttle_details_ptr {
      return std::make_shared<throttle_details>(throttle_details{self->state.decision->permits()});
    },
    [self](scale_atom, uint32_t in_flight) {
      if (self->state.decision->set_in_flight(in_flight, self->clock().now())) push(self);
    },
    [self](wakeup_atom, uint64_t generation) {
      auto& st = self->state;
      if (generation != st.timer_generation) return;
      if (st.decision->on_tick(self->clock().now())) return push(self);
      // Woken a little early: the permits are the same, the next time is not.
      const auto now = self->clock().now();
      if (const auto when = st.decision->next_wakeup(now)) {
        const auto wait =
          std::max<steady_time::duration>(*when - now, std::chrono::milliseconds{1});
        self->delayed_send(self, wait, wakeup_atom_v, ++st.timer_generation);
      }
    },
  };
}

} // namespace perennial::actors
