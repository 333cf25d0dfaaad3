#include "actors/work/supervisor/supervisor.hpp"

#include "actors/work/supervisor/parts.hpp"

#include <caf/send.hpp>

#include <algorithm>

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

/// Calls that wait so long for memory are worth an alarm...
constexpr std::chrono::seconds memory_alarm_after{5};
/// A thread that was missing is, for so long after it was tried last.
constexpr std::chrono::seconds thread_alarm_for{5};
/// ...and a pause that still lasts so long.
constexpr std::chrono::seconds pause_alarm_from{10};
/// The wait for a rate of one request a minute is what somebody asked for; a longer one is a debt.
constexpr std::chrono::seconds rate_alarm_from{61};

provider_status status(supervisor_ptr self) {
  const auto& st = self->state;
  provider_status s;
  s.name = st.peers.config.name;
  s.base_url = st.peers.config.base_url;
  s.breaker = st.breaker_says;
  s.in_flight_limit = std::min(st.most_in_flight, st.ring.in_flight_limit());
  s.in_flight = st.in_flight;
  s.queued = static_cast<uint32_t>(st.queue.size());
  s.workers = static_cast<uint32_t>(st.workers.size() - st.empty.size() - st.dead.size());
  s.calls = st.calls;
  s.answered = st.answered;
  s.drained = st.draining && st.in_flight == 0 && st.commits_out == 0 && !st.outbox.group;
  s.alarm = alarm_text(st, self->clock().now());
  return s;
}

} // namespace

namespace {

/// What becomes of lines that their provider does not take now.
std::string_view meanwhile(const supervisor_state& st) {
  return st.peers.has_others ? "its lines go to other providers where they may, and else wait"
                             : "its lines wait";
}

} // namespace

std::string pause_text(const supervisor_state& st, steady_time now) {
  const auto stopped = st.ring.stopped(now);
  if (!stopped || !stopped->until) return {};
  const auto wait = *stopped->until - now;
  if (wait < pause_alarm_from || (!stopped->asked && wait < rate_alarm_from)) return {};
  const auto left = std::chrono::round<std::chrono::milliseconds>(wait);
  const auto at = std::chrono::round<std::chrono::seconds>(wall_now() + left);
  const auto until = "until " + format_time(at.time_since_epoch().count());
  if (!stopped->asked) {
    return fmt::format("the requests or tokens that {} takes in a minute are used up {}; {}",
                       st.peers.config.base_url, until, meanwhile(st));
  }
  return fmt::format("{} has asked for a pause {}; {}. "
                     "To try at once: perennial providers resume {}",
                     st.peers.config.base_url, until, meanwhile(st), st.peers.config.name);
}

std::string threads_text() {
  return "the system gives no thread for more calls at once; those that are out go on. Raise the "
         "limit of processes (ulimit -u, TasksMax, a container's pids limit) or the memory, or ask "
         "for fewer calls at once (max_in_flight, --concurrency)";
}

std::string alarm_text(const supervisor_state& st, steady_time now) {
  if (const auto parked = all_parked(st); !parked.empty()) {
    const auto more = parked.size() - 1;
    return more == 0 ? parked.front().reason
                     : fmt::format("{} (and {} more)", parked.front().reason, more);
  }
  if (!st.queue.empty() && st.memory_short_since != steady_time{} &&
      now - st.memory_short_since >= memory_alarm_after) {
    return "the memory budget is full, calls wait for it; raise it (--memory, or budget in "
           "[memory])";
  }
  for (const auto& m : st.models) {
    if (m.says.state == breaker_state::closed) continue;
    return fmt::format("the model \"{}\" of {} is taken for down and is being probed; {}", m.model,
                       st.peers.config.base_url, meanwhile(st));
  }
  if (st.breaker_says.state != breaker_state::closed) {
    return fmt::format("{} is taken for down and is being probed; {}. {}", st.peers.config.base_url,
                       meanwhile(st), st.down_reason);
  }
  if (auto paused = pause_text(st, now); !paused.empty()) return paused;
  // While one is wanted it is tried every second.
  if (st.no_thread_until && now < *st.no_thread_until + thread_alarm_for) return threads_text();
  return {};
}

supervisor_state::~supervisor_state() {
  ready->clear();
  for (auto& w : workers) {
    if (!w.handle) continue;
    w.connection->close(); // its call ends now, and with the message the worker
    caf::anon_send_exit(w.handle, caf::exit_reason::user_shutdown);
  }
}

double jitter(supervisor_ptr self) {
  return std::uniform_real_distribution<double>{0.0, 1.0}(self->state.random);
}

supervisor_actor::behavior_type supervisor_behavior(supervisor_ptr self, supervisor_peers peers) {
  auto& st = self->state;
  st.peers = std::move(peers);
  st.restarts = restart_policy{st.peers.restarts};
  start_protectors(self);
  look_for_hung_workers(self);
  self->set_down_handler([self](const caf::down_msg& down) { worker_died(self, down); });
  self->set_exit_handler([self](const caf::exit_msg& why) { self->quit(why.reason); });
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
    [self](gate_atom, uint32_t number, const breaker_gate& g) {
      take_gate(self, number, g);
      clear_shelf(self->state); // its lines are stamped with the epoch before
      pump(self);
    },
    [self](permits_atom, uint32_t key, const throttle_permits& p) {
      self->state.ring.on_permits(key, p);
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
      self->state.ring.resume();
      for (const auto& k : self->state.keys) self->send(k.throttle, resume_atom_v);
      self->state.restarts.reset();
      reset_breakers(self);
      pump(self);
      return status(self);
    },
    [self](reset_atom) {
      reset_breakers(self);
      return status(self);
    },
    [self](reload_atom, const provider_keys_ptr& fresh) {
      reload(self, fresh);
      pump(self);
      return status(self);
    },
    [self](restart_atom, bool now) { return restart_workers(self, now); },
    [self](scale_atom, uint32_t in_flight) {
      set_most_in_flight(self, in_flight);
      return status(self);
    },
    [self](workers_atom) -> worker_list_ptr {
      return std::make_shared<const worker_list>(list_workers(self));
    },
    [self](details_atom) { return details(self, status(self)); },
    [self](parts_atom) { return protectors(self->state); },
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
