#include "actors/protect/throttle_actor.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <algorithm>

namespace perennial::actors {

namespace {

using self_ptr = throttle_actor::stateful_pointer<throttle_state>;

void push(self_ptr self) {
  auto& st = self->state;
  const auto now = self->clock().now();
  st.decision.set_in_flight_limit(st.limit.current());
  self->send(st.supervisor, permits_atom_v, st.decision.current_permits());
  if (const auto when = st.decision.next_wakeup(now)) {
    const auto wait = std::max<steady_time::duration>(*when - now, std::chrono::milliseconds{1});
    self->delayed_send(self, wait, wakeup_atom_v, ++st.timer_generation);
  }
}

concurrency_config limit_of(const provider_config& c) {
  concurrency_config out;
  out.fixed = c.max_in_flight;
  out.maximum = auto_in_flight_max;
  return out;
}

throttle_config rate_of(const provider_config& c) {
  throttle_config out;
  out.requests_per_minute = c.requests_per_minute;
  return out;
}

} // namespace

throttle_actor::behavior_type throttle_behavior(self_ptr self, provider_config config,
                                                supervisor_actor supervisor) {
  auto& st = self->state;
  st.limit = concurrency_limit{limit_of(config)};
  st.decision = throttle{rate_of(config)};
  st.supervisor = std::move(supervisor);
  st.decision.on_tick(self->clock().now());
  push(self);
  return {
    [self](outcome_atom, const outcome_list& events) {
      auto& s = self->state;
      const auto now = self->clock().now();
      const auto before = s.limit.current();
      bool paused = false;
      for (const auto& e : events) {
        const auto& o = e.outcome;
        if (o.kind == provider::outcome_kind::throttled) {
          s.decision.on_throttled(o.wait_at_least, now);
          paused = true;
        } else if (o.kind == provider::outcome_kind::success) {
          s.decision.on_success();
        }
        if (o.concurrency == provider::concurrency_effect::grow)
          s.limit.on_success(s.in_flight, now);
        if (o.concurrency == provider::concurrency_effect::shrink) s.limit.on_shrink(now);
      }
      if (paused || s.limit.current() != before) push(self);
    },
    [self](used_atom, uint32_t permits, uint32_t in_flight) {
      auto& s = self->state;
      s.in_flight = in_flight;
      if (s.decision.on_used(permits, self->clock().now())) push(self);
    },
    [self](status_atom) { return self->state.decision.current_permits(); },
    [self](wakeup_atom, uint64_t generation) {
      auto& s = self->state;
      if (generation != s.timer_generation) return;
      s.decision.on_tick(self->clock().now());
      push(self);
    },
  };
}

} // namespace perennial::actors
