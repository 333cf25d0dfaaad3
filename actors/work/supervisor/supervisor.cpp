#include "actors/work/supervisor/supervisor.hpp"

#include "actors/protect/breaker_actor.hpp"
#include "actors/protect/details.hpp"
#include "actors/protect/throttle_actor.hpp"
#include "actors/work/supervisor/parts.hpp"

namespace perennial::actors {

namespace {

void drain(supervisor_ptr self, bool abort) {
  auto& st = self->state;
  st.draining = true;
  give_back_queued(self, [](const work_item&) { return true; });
  if (!abort) return;
  for (auto& w : st.workers) {
    if (w.item) w.connection->abort();
  }
}

/// Calls that wait so long for memory are worth an alarm.
constexpr std::chrono::seconds memory_alarm_after{5};

std::string alarm_text(const supervisor_state& st, steady_time now) {
  if (const auto parked = st.parked.parked(); !parked.empty()) {
    const auto more = parked.size() - 1;
    return more == 0 ? parked.front().reason
                     : fmt::format("{} (and {} more)", parked.front().reason, more);
  }
  if (!st.queue.empty() && st.memory_short_since != steady_time{} &&
      now - st.memory_short_since >= memory_alarm_after) {
    return "the memory budget is full, calls wait for it; raise it (--memory, or budget in "
           "[memory])";
  }
  if (st.breaker_says.state == breaker_state::closed) return {};
  return fmt::format("{} is taken for down and is being probed; its lines wait. {}",
                     st.peers.config.base_url, st.down_reason);
}

provider_status status(supervisor_ptr self) {
  const auto& st = self->state;
  provider_status s;
  s.name = st.peers.config.name;
  s.base_url = st.peers.config.base_url;
  s.breaker = st.breaker_says;
  s.in_flight_limit = st.throttle_says.in_flight;
  s.in_flight = st.in_flight;
  s.queued = static_cast<uint32_t>(st.queue.size());
  s.workers = static_cast<uint32_t>(st.workers.size() - st.empty.size() - st.dead.size());
  s.calls = st.calls;
  s.answered = st.answered;
  s.drained = st.draining && st.in_flight == 0 && st.commits_out == 0 && !st.outbox.group;
  s.alarm = alarm_text(st, self->clock().now());
  return s;
}

/// Asks breaker and throttle, and answers when both have.
caf::result<provider_details_ptr> details(supervisor_ptr self) {
  auto promise = self->make_response_promise<provider_details_ptr>();
  auto out = std::make_shared<provider_details>();
  out->status = status(self);
  out->parked = self->state.parked.parked();
  self->request(self->state.breaker, caf::infinite, details_atom_v)
    .then([self, promise, out](const breaker_details_ptr& b) {
      out->breaker = *b;
      self->request(self->state.throttle, caf::infinite, details_atom_v)
        .then([promise, out](const throttle_details_ptr& t) mutable {
          out->throttle = *t;
          promise.deliver(provider_details_ptr{out});
        });
    });
  return promise;
}

} // namespace

double jitter(supervisor_ptr self) {
  return std::uniform_real_distribution<double>{0.0, 1.0}(self->state.random);
}

supervisor_actor::behavior_type supervisor_behavior(supervisor_ptr self, supervisor_peers peers) {
  auto& st = self->state;
  st.peers = std::move(peers);
  st.restarts = restart_policy{st.peers.restarts};
  const auto me = caf::actor_cast<supervisor_actor>(self);
  st.breaker = self->spawn<caf::linked>(breaker_behavior, st.peers.config, me, uint32_t{0});
  st.throttle = self->spawn<caf::linked>(throttle_behavior, st.peers.config, me, uint32_t{0});
  look_for_hung_workers(self);
  self->set_down_handler([self](const caf::down_msg& down) { worker_died(self, down); });
  self->set_exit_handler([self](const caf::exit_msg& why) {
    // Workers that still hold a call must not keep the shutdown waiting.
    self->state.ready->clear();
    for (auto& w : self->state.workers) {
      if (!w.handle) continue;
      w.connection->close();
      self->send_exit(w.handle, why.reason);
    }
    self->quit(why.reason);
  });
  return {
    [self](work_atom, item_list& items) {
      auto& s = self->state;
      s.wanted -= std::min(s.wanted, static_cast<uint32_t>(items.size()));
      for (auto& item : items) s.queue.push_back(std::move(item));
      if (s.draining) return drain(self, false);
      pump(self);
    },
    [self](called_atom, bool own_look) {
      if (own_look) self->state.look_sent = false;
      collect_calls(self);
    },
    [self](gate_atom, uint32_t, const breaker_gate& g) {
      auto& s = self->state;
      s.breaker_permits.on_gate(g.epoch, g.permits);
      s.breaker_says = g;
      if (g.state == breaker_state::closed) {
        s.down_reason.clear();
      } else if (s.down_reason.empty()) {
        s.down_reason = g.reason; // not what each trial says: the alarm is one alarm
      }
      clear_shelf(s); // its lines are stamped with the epoch before
      pump(self);
    },
    [self](permits_atom, uint32_t, const throttle_permits& p) {
      auto& s = self->state;
      s.throttle_calls.on_gate(1, p.calls);
      s.throttle_says = p;
      pump(self);
    },
    [self](forget_atom, uint64_t batch) {
      give_back_queued(self, [batch](const work_item& i) { return i.batch->id == batch; });
    },
    [self](hold_atom, bool held) {
      self->state.held = held;
      pump(self);
    },
    [self](resume_atom) {
      self->state.parked.resume();
      self->state.restarts.reset();
      self->send(self->state.breaker, reset_atom_v);
      pump(self);
      return status(self);
    },
    [self](reset_atom) {
      self->send(self->state.breaker, reset_atom_v);
      return status(self);
    },
    [self](reload_atom, const provider_keys_ptr&) { return status(self); },
    [self](restart_atom, bool now) { return restart_workers(self, now); },
    [self](scale_atom, uint32_t in_flight) {
      self->send(self->state.throttle, scale_atom_v, in_flight);
      return status(self);
    },
    [self](workers_atom) -> worker_list_ptr {
      return std::make_shared<const worker_list>(list_workers(self));
    },
    [self](details_atom) { return details(self); },
    [self](drain_atom, bool abort) { drain(self, abort); },
    [self](status_atom) { return status(self); },
    [self](flush_atom) { flush(self); },
    [self](look_atom) { look_for_hung_workers(self); },
    [self](wakeup_atom, uint64_t generation) {
      auto& s = self->state;
      if (generation != s.timer_generation) return;
      s.timer_at = steady_time::max();
      pump(self);
    },
  };
}

} // namespace perennial::actors
