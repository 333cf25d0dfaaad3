#include "actors/protect/throttle_actor.hpp"

#include "actors/protect/details.hpp"
#include "actors/work/call_key.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <algorithm>

namespace perennial::actors {

namespace {

using throttle_self = throttle_actor::stateful_pointer<throttle_state>;

/// Wakes itself when the decision wants to be asked again. Behind everything that may have changed
/// that, whether or not it changed the permits: a call that was used up starts the wait for the
/// next. Never later than was said before, or a stream of messages would put it off for ever.
void wake_in_time(throttle_self self) {
  auto& st = self->state;
  const auto now = self->clock().now();
  const auto when = st.decision->next_wakeup(now);
  if (!when || *when >= st.timer_at) return;
  st.timer_at = *when;
  const auto wait = std::max<steady_time::duration>(*when - now, std::chrono::milliseconds{1});
  self->delayed_send(self, wait, wakeup_atom_v, ++st.timer_generation);
}

/// What every message ends with.
void done(throttle_self self, bool changed) {
  auto& st = self->state;
  if (changed) self->send(st.supervisor, permits_atom_v, st.setup.number, st.decision->permits());
  wake_in_time(self);
}

bool learn_outcome(throttle& t, const outcome_event& e, steady_time now) {
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

bool learn(throttle& t, const outcome_event& e, steady_time now) {
  const bool changed = learn_outcome(t, e, now);
  return (e.limits != rate_limits{} && t.on_limits(e.limits, now)) || changed;
}

void remember(throttle_state& st) {
  const auto learned = st.decision->take_news();
  if (learned && st.setup.memory) st.setup.memory->put(st.setup.base_url, st.setup.key, *learned);
}

void begin(throttle_self self) {
  auto& st = self->state;
  const auto known =
    st.setup.memory ? st.setup.memory->find(st.setup.base_url, st.setup.key) : learned_limits{};
  st.decision.emplace(st.setup.config, self->clock().now(), known);
}

throttle_details details_of(const throttle& t) {
  return {.permits = t.permits(),
          .requests_per_minute = t.requests_per_minute(),
          .tokens_per_minute = t.tokens_per_minute(),
          .requests_learned = t.requests_per_minute() > 0 && !t.requests_configured(),
          .tokens_learned = t.tokens_per_minute() > 0 && !t.tokens_configured()};
}

} // namespace

throttle_config throttle_config_of(const provider_config& c) {
  throttle_config out;
  if (c.max_in_flight != 0) out.concurrency.fixed = c.max_in_flight;
  out.concurrency.max = auto_in_flight_max;
  out.requests_per_minute = c.requests_per_minute;
  out.tokens_per_minute = c.tokens_per_minute;
  return out;
}

throttle_actor::behavior_type throttle_behavior(throttle_self self, throttle_setup setup,
                                                supervisor_actor supervisor) {
  self->state.setup = std::move(setup);
  self->state.supervisor = std::move(supervisor);
  begin(self);
  done(self, true);
  return {
    [self](outcome_atom, const outcome_list& events) {
      const auto now = self->clock().now();
      auto& st = self->state;
      bool changed = false;
      for (const auto& e : events) changed |= learn(*st.decision, e, now);
      remember(st);
      done(self, changed);
    },
    [self](used_atom, uint32_t calls, int64_t tokens) {
      done(self, self->state.decision->on_used(calls, tokens, self->clock().now()));
    },
    [self](status_atom) { return self->state.decision->permits(); },
    [self](details_atom) -> throttle_details_ptr {
      return std::make_shared<throttle_details>(details_of(*self->state.decision));
    },
    [self](scale_atom, uint32_t in_flight) {
      done(self, self->state.decision->set_in_flight(in_flight, self->clock().now()));
    },
    [self](reload_atom, const provider_keys_ptr& fresh) {
      auto& st = self->state;
      const auto now = self->clock().now();
      const auto& key = fresh->keys[st.setup.number].text;
      bool changed =
        st.decision->set_rates(fresh->requests_per_minute, fresh->tokens_per_minute, now);
      if (key.reveal() != st.setup.key.reveal()) changed |= st.decision->resume(now);
      st.setup.key = key;
      done(self, changed);
    },
    [self](resume_atom) { done(self, self->state.decision->resume(self->clock().now())); },
    [self](wakeup_atom, uint64_t generation) {
      auto& st = self->state;
      if (generation != st.timer_generation) return;
      st.timer_at = steady_time::max();
      done(self, st.decision->on_tick(self->clock().now()));
    },
  };
}

} // namespace perennial::actors
