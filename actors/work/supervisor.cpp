#include "actors/work/supervisor.hpp"

#include "actors/memory_grant.hpp"
#include "actors/protect/breaker_actor.hpp"
#include "actors/protect/throttle_actor.hpp"
#include "actors/work/client_worker.hpp"
#include "protocol/base/log.hpp"
#include "protocol/provider/backoff.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <algorithm>

namespace perennial::actors {

namespace {

using self_ptr = supervisor_actor::stateful_pointer<supervisor_state>;
using std::chrono::milliseconds;

/// Memory for lines in flight is asked for in pieces of this size.
constexpr uint64_t grant_bytes = 4ull << 20;
/// What a line in flight takes besides its bodies.
constexpr uint64_t line_overhead = 4096;
constexpr milliseconds memory_retry{50};
/// A line whose model cannot be parked, since too many are, waits this long.
constexpr milliseconds full_park_wait{30'000};
/// A group goes to the store at this size at the latest.
constexpr size_t group_limit = 512;
/// So many answers may wait for the disk: a crash would repeat their calls too.
constexpr uint32_t most_unsynced = 512;
/// So many lines lie ready at most.
constexpr uint32_t most_ready = 512;

double jitter(self_ptr self) {
  return std::uniform_real_distribution<double>{0.0, 1.0}(self->state.random);
}

void pump(self_ptr self);

void wake_at(self_ptr self, steady_time when, steady_time now) {
  auto& st = self->state;
  if (when >= st.timer_at) return;
  st.timer_at = when;
  const auto wait = std::max<steady_time::duration>(when - now, milliseconds{1});
  self->delayed_send(self, wait, wakeup_atom_v, ++st.timer_generation);
}

// -- memory
// -------------------------------------------------------------------------------------------

uint64_t estimate(const supervisor_state& st, const work_item& item) {
  return line_overhead + item.body.size() * 2 + static_cast<uint64_t>(st.response_estimate * 2);
}

void ask_memory(self_ptr self, uint64_t needed) {
  auto& st = self->state;
  if (st.grant_asked) return;
  st.grant_asked = true;
  const auto bytes = std::max(needed, grant_bytes);
  self->request(st.peers.memory, caf::infinite, grant_atom_v, memory_class::in_flight, bytes)
    .then([self](const memory_grant_ptr& grant) {
      auto& s = self->state;
      s.grant_asked = false;
      const auto now = self->clock().now();
      if (!grant) return wake_at(self, now + memory_retry, now);
      s.granted += grant->bytes();
      s.grants.push_back(grant);
      pump(self);
    });
}

void give_back_memory(supervisor_state& st) {
  while (!st.grants.empty() && st.granted - st.grants.back()->bytes() >= st.charged + grant_bytes) {
    st.granted -= st.grants.back()->bytes();
    st.grants.pop_back();
  }
}

// -- sending on
// ---------------------------------------------------------------------------------------

void flush(self_ptr self) {
  auto& st = self->state;
  auto box = std::exchange(st.outbox, {});
  if (!box.outcomes.empty()) {
    self->send(st.breaker, outcome_atom_v, box.outcomes);
    self->send(st.throttle, outcome_atom_v, std::move(box.outcomes));
  }
  if (box.used > 0) self->send(st.throttle, used_atom_v, box.used);
  if (!box.back.empty()) self->send(st.peers.dispatcher, back_atom_v, std::move(box.back));
  if (!box.group) return;
  ++st.commits_out;
  const auto results = static_cast<uint32_t>(box.group->results.size());
  self->request(st.peers.writer, caf::infinite, commit_atom_v, std::move(box.group))
    .then([self, done = std::move(box.done), slots = std::move(box.slots), results,
           charged = box.charged](commit_reply& reply) mutable {
      auto& s = self->state;
      --s.commits_out;
      s.unsynced -= results;
      for (const auto slot : slots) s.peers.calls_out->free(slot);
      s.charged -= std::min(s.charged, charged);
      give_back_memory(s);
      done.counts = std::move(reply.counts);
      self->send(s.peers.dispatcher, recorded_atom_v, std::move(done));
      flush(self);
      if (!s.queue.empty()) pump(self);
    });
}

/// While the store writes a group, good answers gather for the next one: it flushes when the store
/// has answered. What went wrong goes out at once, since the breaker and the throttle act on it.
void flush_soon(self_ptr self, bool urgent) {
  auto& st = self->state;
  auto& box = st.outbox;
  if (box.group && box.group->results.size() >= group_limit) return flush(self);
  if (st.commits_out > 0 && !urgent) return;
  if (std::exchange(box.flush_sent, true)) return;
  self->send(self, flush_atom_v); // behind what is in the mailbox already
}

storage::commit_group& group(supervisor_state& st) {
  if (!st.outbox.group) st.outbox.group = std::make_shared<storage::commit_group>();
  return *st.outbox.group;
}

// -- workers
// ------------------------------------------------------------------------------------------

worker_peers peers_of_worker(self_ptr self, uint32_t number,
                             std::shared_ptr<perennial::connection> over) {
  const auto& st = self->state;
  return {number,
          st.peers.config,
          std::move(over),
          st.peers.knowledge,
          st.peers.calls_out,
          st.ready,
          caf::actor_cast<supervisor_actor>(self)};
}

uint32_t spawn_worker(self_ptr self) {
  auto& st = self->state;
  const auto number = static_cast<uint32_t>(st.workers.size());
  worker_slot w;
  w.connection = std::shared_ptr<perennial::connection>{st.peers.client->new_connection()};
  w.handle = self->spawn<caf::detached + caf::monitored>(
    worker_behavior, peers_of_worker(self, number, w.connection));
  st.by_address[w.handle->address()] = number;
  st.workers.push_back(std::move(w));
  return number;
}

uint32_t idle_worker(self_ptr self) {
  auto& st = self->state;
  if (st.idle.empty()) return spawn_worker(self);
  const auto number = st.idle.back();
  st.idle.pop_back();
  return number;
}

void worker_died(self_ptr self, const caf::down_msg& down) {
  auto& st = self->state;
  const auto at = st.by_address.find(down.source);
  if (at == st.by_address.end()) return;
  const auto number = at->second;
  st.by_address.erase(at);
  auto& w = st.workers[number];
  logging::error("{}: a worker died ({}); it is replaced, its line goes back", st.peers.config.name,
                 caf::to_string(down.reason));
  const auto now = self->clock().now();
  const auto verdict = st.restarts.on_death(now, jitter(self));
  const auto give_back = [&](item_ptr item) {
    ++item->crashes;
    st.charged -= std::min(st.charged, item->charged_bytes);
    st.outbox.back.push_back({std::move(item), verdict.delay});
    flush_soon(self, true);
  };
  if (w.item) {
    --st.in_flight;
    give_back(std::exchange(w.item, nullptr));
  }
  if (auto untold = st.ready->untold(number)) give_back(std::move(untold));
  // The same place, a new connection and thread.
  w.connection = std::shared_ptr<perennial::connection>{st.peers.client->new_connection()};
  w.handle = self->spawn<caf::detached + caf::monitored>(
    worker_behavior, peers_of_worker(self, number, w.connection));
  st.by_address[w.handle->address()] = number;
  ++w.restarts;
  st.idle.push_back(number);
  if (verdict.park) {
    st.parked.park(
      whole_key, park_kind::dying_workers,
      fmt::format("{}: its workers keep dying; see the log, then resume it or restart the "
                  "service",
                  st.peers.config.name),
      st.parked.epoch(), now);
  }
}

// -- handing out
// --------------------------------------------------------------------------------------

/// Whether one more call may be made now, whatever the line.
bool may_call(self_ptr self, steady_time now) {
  auto& st = self->state;
  if (st.draining || st.in_flight >= st.throttle_says.in_flight) return false;
  if (st.unsynced >= most_unsynced) return false; // the store's answer pumps again
  if (st.throttle_says.paused_until && *st.throttle_says.paused_until > now) {
    wake_at(self, *st.throttle_says.paused_until, now);
    return false;
  }
  return st.throttle_calls.available() > 0 && st.breaker_permits.available() > 0;
}

/// A line of a parked key or model waits in the dispatcher until the next probe.
void wait_for_route(self_ptr self, item_ptr item, steady_time now) {
  auto& st = self->state;
  const auto wait = std::chrono::ceil<milliseconds>(st.parked.ask_again(item->model, now) - now);
  st.outbox.back.push_back({std::move(item), wait});
  flush_soon(self, true);
}

/// The marks by which its outcome will be understood.
void stamp(supervisor_state& st, work_item& item, steady_time now) {
  item.breaker_epoch = st.breaker_permits.take();
  st.throttle_calls.take();
  item.park_epoch = st.parked.epoch();
  st.parked.take(item.model, now);
}

/// The worker has the line, or gets it with this.
void goes_out(supervisor_state& st, worker_slot& w, item_ptr item, steady_time now) {
  ++st.outbox.used;
  ++st.in_flight;
  w.item = std::move(item);
  w.since = now;
}

void hand_out(self_ptr self, item_ptr item, steady_time now) {
  auto& st = self->state;
  stamp(st, *item, now);
  auto& w = st.workers[idle_worker(self)];
  goes_out(st, w, item, now);
  self->send(w.handle, call_atom_v, std::move(item));
}

/// Nothing holds lines up: neither a limit on calls nor a park nor a pause.
bool flows_freely(const supervisor_state& st, steady_time now) {
  const auto& t = st.throttle_says;
  return !st.draining && st.unsynced < most_unsynced &&
         st.breaker_permits.available() == unlimited_permits &&
         st.throttle_calls.available() == unlimited_permits && st.parked.nothing_parked() &&
         (!t.paused_until || *t.paused_until <= now) && st.in_flight <= t.in_flight;
}

/// Takes back what no worker has taken, to the front of the queue.
void clear_shelf(supervisor_state& st) {
  auto lines = st.ready->clear();
  for (const auto& item : lines) {
    st.charged -= std::min(st.charged, item->charged_bytes);
    item->charged_bytes = 0;
  }
  st.queue.insert(st.queue.begin(), std::make_move_iterator(lines.begin()),
                  std::make_move_iterator(lines.end()));
}

/// How many lines may lie ready.
size_t shelf_target(const supervisor_state& st) {
  return std::min<size_t>(st.throttle_says.in_flight, most_ready);
}

/// Asks the dispatcher for as many lines as could be in flight, and a few to have at hand.
void ask_for_lines(self_ptr self) {
  auto& st = self->state;
  if (st.draining || st.breaker_says.permits == 0 || st.throttle_says.in_flight == 0) return;
  const auto limit = st.throttle_says.in_flight;
  const auto spare = 2 * std::clamp(limit, 1u, most_ready);
  const auto have =
    st.in_flight + static_cast<uint32_t>(st.queue.size() + st.ready->size()) + st.wanted;
  if (have + (spare + 1) / 2 > limit + spare) return;
  const auto more = limit + spare - have;
  st.wanted += more;
  self->send(st.peers.dispatcher, want_atom_v, st.peers.number, more);
}

/// Takes the memory that the next line of the queue will need. False: it must wait for it.
bool charge_next(self_ptr self) {
  auto& st = self->state;
  auto& next = *st.queue.front();
  const auto needed = estimate(st, next);
  if (st.charged + needed > st.granted) {
    ask_memory(self, needed);
    return false;
  }
  next.charged_bytes = needed;
  st.charged += needed;
  return true;
}

item_ptr take_next(supervisor_state& st) {
  auto item = std::move(st.queue.front());
  st.queue.pop_front();
  return item;
}

void fill_shelf(self_ptr self, steady_time now) {
  auto& st = self->state;
  const auto target = shelf_target(st);
  for (auto n = st.ready->size(); n < target && !st.queue.empty(); ++n) {
    if (!charge_next(self)) return;
    auto item = take_next(st);
    stamp(st, *item, now);
    st.ready->put(std::move(item));
  }
}

void pump(self_ptr self) {
  auto& st = self->state;
  const auto now = self->clock().now();
  st.parked.on_tick(now);
  const bool free = flows_freely(st, now);
  // Idle workers go before the shelf: what lies there is for those that are busy.
  if (!free || (st.queue.empty() && st.in_flight < st.throttle_says.in_flight)) clear_shelf(st);
  while (!st.queue.empty() && may_call(self, now)) {
    if (!st.parked.may_call(st.queue.front()->model)) {
      wait_for_route(self, take_next(st), now);
      continue;
    }
    if (!charge_next(self)) break;
    hand_out(self, take_next(st), now);
  }
  if (free) fill_shelf(self, now);
  ask_for_lines(self);
}

// -- what a call brought
// ------------------------------------------------------------------------------

park_kind kind_of(outcome_kind k) {
  switch (k) {
  case outcome_kind::quota_spent: return park_kind::quota_spent;
  case outcome_kind::redirected: return park_kind::redirected;
  case outcome_kind::key_refused: return park_kind::wrong_key;
  default: return park_kind::wrong_route;
  }
}

void note_alarms(self_ptr self, call_done& d, steady_time now) {
  auto& st = self->state;
  auto& o = d.outcome;
  if (o.park != park_target::none) {
    const std::string_view model =
      o.park == park_target::key ? whole_key : std::string_view{d.item->model};
    const auto done = st.parked.park(model, kind_of(o.kind), o.message, d.item->park_epoch, now);
    if (done == route_park::effect::changed) logging::warn("{}", o.message);
    if (done == route_park::effect::full) o.wait_at_least = full_park_wait;
  } else if (o.kind == outcome_kind::success) {
    st.parked.on_success(d.item->model, d.item->park_epoch);
  }
}

void take_result(supervisor_state& st, call_done& d) {
  auto& g = group(st);
  st.outbox.done.lines.push_back({d.result->batch, d.result->line, d.result->kind, d.result->code});
  g.results.push_back(std::move(*d.result));
  ++st.unsynced;
  if (d.item->slot != no_slot) st.outbox.slots.push_back(d.item->slot);
  st.outbox.charged += d.item->charged_bytes;
}

void take_back(self_ptr self, call_done& d) {
  auto& st = self->state;
  auto& item = *d.item;
  const bool retry = d.disposition.fate == line_fate::retry;
  st.charged -= std::min(st.charged, item.charged_bytes);
  if (st.draining && d.outcome.kind == outcome_kind::aborted) {
    return; // its slot stays taken: the next start counts the call as ambiguous and makes it again
  }
  milliseconds wait = d.outcome.wait_at_least.value_or(milliseconds{0});
  if (retry) {
    item.last_error = d.outcome.message;
    item.attempts = d.disposition.attempts;
    wait = perennial::backoff(std::max(item.attempts, 1u), jitter(self), d.outcome.wait_at_least);
    if (d.outcome.attempt_used) {
      storage::waiting_entry entry;
      entry.attempts = item.attempts;
      entry.not_before = wall_now() + wait;
      entry.ambiguous = item.ambiguous;
      entry.last_error = item.last_error;
      group(st).waits.push_back({item.batch->id, item.line, std::move(entry)});
    }
  }
  if (d.outcome.ambiguous) group(st).ambiguous.push_back({item.batch->id, 1});
  st.outbox.back.push_back({std::move(d.item), wait});
}

void take_call(self_ptr self, call_done& d) {
  auto& st = self->state;
  auto& w = st.workers[d.worker];
  w.item.reset();
  ++w.calls;
  --st.in_flight;
  ++st.calls;
  const auto in_flight = st.in_flight + 1; // as it ended
  if (d.next) {
    st.ready->told(d.worker, d.next);
    goes_out(st, w, std::move(d.next), d.item->sent);
  } else {
    st.idle.push_back(d.worker);
  }
  if (d.answered) ++st.answered;
  st.response_estimate += (static_cast<double>(d.response_bytes) - st.response_estimate) / 64.0;
  const auto now = self->clock().now();
  note_alarms(self, d, now);
  outcome_event event{d.item->breaker_epoch, d.outcome, d.item->sent, in_flight};
  const bool good = d.outcome.kind == outcome_kind::success;
  st.outbox.outcomes.push_back(std::move(event));
  if (d.result) {
    take_result(st, d);
  } else {
    take_back(self, d);
  }
  flush_soon(self, !good);
  pump(self);
}

// -- the rest
// -----------------------------------------------------------------------------------------

void give_back_queued(self_ptr self, const std::function<bool(const work_item&)>& which) {
  auto& st = self->state;
  clear_shelf(st);
  std::erase_if(st.queue, [&](item_ptr& item) {
    if (!which(*item)) return false;
    st.outbox.back.push_back({std::move(item), milliseconds{0}});
    return true;
  });
  flush_soon(self, true);
}

void drain(self_ptr self, bool abort) {
  auto& st = self->state;
  st.draining = true;
  give_back_queued(self, [](const work_item&) { return true; });
  if (!abort) return;
  for (auto& w : st.workers) {
    if (w.item) w.connection->abort();
  }
}

std::string alarm_text(const supervisor_state& st) {
  if (const auto parked = st.parked.parked(); !parked.empty()) {
    const auto more = parked.size() - 1;
    return more == 0 ? parked.front().reason
                     : fmt::format("{} (and {} more)", parked.front().reason, more);
  }
  if (st.breaker_says.state == breaker_state::closed) return {};
  return fmt::format("{} is taken for down and is being probed; its lines wait. {}",
                     st.peers.config.base_url, st.down_reason);
}

provider_status status(self_ptr self) {
  const auto& st = self->state;
  provider_status s;
  s.name = st.peers.config.name;
  s.base_url = st.peers.config.base_url;
  s.breaker = st.breaker_says;
  s.in_flight_limit = st.throttle_says.in_flight;
  s.in_flight = st.in_flight;
  s.queued = static_cast<uint32_t>(st.queue.size());
  s.workers = static_cast<uint32_t>(st.workers.size());
  s.calls = st.calls;
  s.answered = st.answered;
  s.drained = st.draining && st.in_flight == 0 && st.commits_out == 0 && !st.outbox.group;
  s.alarm = alarm_text(st);
  return s;
}

} // namespace

supervisor_actor::behavior_type supervisor_behavior(self_ptr self, supervisor_peers peers) {
  auto& st = self->state;
  st.peers = std::move(peers);
  const auto me = caf::actor_cast<supervisor_actor>(self);
  st.breaker = self->spawn<caf::linked>(breaker_behavior, st.peers.config.name, me);
  st.throttle = self->spawn<caf::linked>(throttle_behavior, st.peers.config, me);
  self->set_down_handler([self](const caf::down_msg& down) { worker_died(self, down); });
  self->set_exit_handler([self](const caf::exit_msg& why) {
    // Workers that still hold a call must not keep the shutdown waiting.
    self->state.ready->clear();
    for (auto& w : self->state.workers) {
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
    [self](called_atom, const call_done_ptr& done) { take_call(self, *done); },
    [self](gate_atom, const breaker_gate& g) {
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
    [self](permits_atom, const throttle_permits& p) {
      auto& s = self->state;
      s.throttle_calls.on_gate(1, p.calls);
      s.throttle_says = p;
      pump(self);
    },
    [self](forget_atom, uint64_t batch) {
      give_back_queued(self, [batch](const work_item& i) { return i.batch->id == batch; });
    },
    [self](resume_atom) {
      self->state.parked.resume();
      self->send(self->state.breaker, resume_atom_v);
      pump(self);
      return status(self);
    },
    [self](drain_atom, bool abort) { drain(self, abort); },
    [self](status_atom) { return status(self); },
    [self](flush_atom) { flush(self); },
    [self](wakeup_atom, uint64_t generation) {
      auto& s = self->state;
      if (generation != s.timer_generation) return;
      s.timer_at = steady_time::max();
      pump(self);
    },
  };
}

} // namespace perennial::actors
