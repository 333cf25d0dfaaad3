#include "actors/protect/breaker_actor.hpp"

#include "actors/protect/details.hpp"
#include "protocol/base/log.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <algorithm>

namespace perennial::actors {

namespace {

using self_ptr = breaker_actor::stateful_pointer<breaker_actor_state>;

void push(self_ptr self) {
  auto& st = self->state;
  self->send(st.supervisor, gate_atom_v, st.number, st.decision.gate());
  if (const auto when = st.decision.next_wakeup()) {
    const auto wait =
      std::max<steady_time::duration>(*when - self->clock().now(), std::chrono::milliseconds{1});
    self->delayed_send(self, wait, wakeup_atom_v, ++st.timer_generation);
  }
}

void changed(self_ptr self) {
  auto& st = self->state;
  const auto& g = st.decision.gate();
  logging::warn("{}: the circuit breaker is {}{}{}", st.provider, to_string(g.state),
                g.reason.empty() ? "" : ": ", g.reason);
  push(self);
}

call_report report_of(const perennial::outcome& o) {
  call_report r;
  r.connection_failure = o.kind == outcome_kind::never_sent;
  r.slow = o.slow;
  switch (o.breaker) {
  case breaker_effect::success: r.effect = call_effect::success; break;
  case breaker_effect::failure:
    r.effect = call_effect::failure;
    r.detail = o.message;
    break;
  case breaker_effect::none: break;
  }
  return r;
}

} // namespace

breaker_actor::behavior_type breaker_behavior(self_ptr self, const provider_config& provider,
                                              supervisor_actor supervisor, uint32_t number) {
  breaker_config config;
  config.open_for = {.first = provider.breaker_open, .max = 30 * provider.breaker_open};
  self->state.decision = circuit_breaker{config};
  self->state.provider = provider.name;
  self->state.supervisor = std::move(supervisor);
  self->state.number = number;
  push(self);
  return {
    [self](outcome_atom, const outcome_list& events) {
      auto& st = self->state;
      const auto now = self->clock().now();
      std::uniform_real_distribution<double> jitter{0.0, 1.0};
      bool moved = false;
      for (const auto& e : events) {
        moved |=
          st.decision.on_outcome(e.breaker_epoch, report_of(e.outcome), now, jitter(st.random));
      }
      if (moved) changed(self);
    },
    [self](status_atom) { return self->state.decision.gate(); },
    [self](details_atom) -> breaker_details_ptr {
      auto& st = self->state;
      auto out = std::make_shared<breaker_details>();
      out->gate = st.decision.gate();
      out->history.assign(st.decision.history().begin(), st.decision.history().end());
      out->window = st.decision.window(self->clock().now());
      return out;
    },
    [self](reset_atom) {
      if (self->state.decision.reset(self->clock().now())) changed(self);
    },
    [self](wakeup_atom, uint64_t generation) {
      auto& st = self->state;
      if (generation != st.timer_generation) return;
      if (st.decision.on_tick(self->clock().now())) changed(self);
    },
  };
}

} // namespace perennial::actors
