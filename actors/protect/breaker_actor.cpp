#include "actors/protect/breaker_actor.hpp"

#include "actors/protect/details.hpp"
#include "actors/protect/probe_actor.hpp"
#include "actors/spawn_on_thread.hpp"
#include "protocol/base/log.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <algorithm>

namespace perennial::actors {

namespace {

using breaker_self = breaker_actor::stateful_pointer<breaker_actor_state>;

void push(breaker_self self) {
  auto& st = self->state;
  self->send(st.supervisor, gate_atom_v, st.setup.number, st.decision.gate());
  if (const auto when = st.decision.next_wakeup()) {
    const auto wait =
      std::max<steady_time::duration>(*when - self->clock().now(), std::chrono::milliseconds{1});
    self->delayed_send(self, wait, wakeup_atom_v, ++st.timer_generation);
  }
}

void end_probe(breaker_self self) {
  auto& st = self->state;
  if (!st.probe) return;
  st.probing->close(); // a try that is going on ends
  self->unlink_from(st.probe);
  self->send_exit(st.probe, caf::exit_reason::user_shutdown);
  st.probe = nullptr;
  st.probing.reset();
}

/// Has a probe exactly while the decision wants one.
void follow_probe(breaker_self self) {
  auto& st = self->state;
  if (!st.setup.client || !st.decision.wants_probe()) return end_probe(self);
  if (st.probe || !thread_is_to_be_had()) return; // without one the trial comes at its time
  st.probing = st.setup.client->new_connection();
  auto probe = spawn_on_thread<caf::linked>(self, probe_behavior, st.probing,
                                            caf::actor_cast<breaker_actor>(self));
  if (probe) st.probe = std::move(*probe);
}

void changed(breaker_self self) {
  auto& st = self->state;
  const auto& g = st.decision.gate();
  logging::warn("{}: the circuit breaker is {}{}{}", st.setup.name, to_string(g.state),
                g.reason.empty() ? "" : ": ", g.reason);
  follow_probe(self);
  push(self);
}

} // namespace

breaker_actor::behavior_type breaker_behavior(breaker_self self, breaker_setup setup,
                                              supervisor_actor supervisor) {
  self->state.decision = circuit_breaker{setup.config};
  self->state.setup = std::move(setup);
  self->state.supervisor = std::move(supervisor);
  self->set_exit_handler([self](const caf::exit_msg& why) {
    end_probe(self);
    self->quit(why.reason);
  });
  push(self);
  return {
    [self](outcome_atom, const outcome_list& events) {
      auto& st = self->state;
      const auto now = self->clock().now();
      std::uniform_real_distribution<double> jitter{0.0, 1.0};
      bool moved = false;
      for (const auto& e : events) {
        auto report = report_of(e.outcome, e.took, st.setup.scope);
        report.sent = e.sent;
        moved |= st.decision.on_outcome(e.breaker_epoch, report, now, jitter(st.random));
      }
      if (moved) changed(self);
    },
    [self](status_atom) { return self->state.decision.gate(); },
    [self](available_atom, bool connected) {
      auto& st = self->state;
      if (st.decision.on_probe(connected, self->clock().now())) changed(self);
      follow_probe(self);
    },
    [self](details_atom) -> breaker_details_ptr {
      auto& st = self->state;
      auto out = std::make_shared<breaker_details>();
      out->gate = st.decision.gate();
      out->history.assign(st.decision.history().begin(), st.decision.history().end());
      out->sent_since_opened = st.decision.sent_since_opened();
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
