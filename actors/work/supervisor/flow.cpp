#include "actors/memory_grant.hpp"
#include "actors/work/supervisor/parts.hpp"

#include <algorithm>

namespace perennial::actors {

namespace {

using std::chrono::milliseconds;

/// Memory for lines in flight is asked for in pieces of this size.
constexpr uint64_t grant_bytes = 4ull << 20;
/// What a line in flight takes besides its bodies.
constexpr uint64_t line_overhead = 4096;
constexpr milliseconds memory_retry{50};
/// Lines lie ready for what is called in this time: a few looks into the tray.
constexpr milliseconds ready_for{20};
/// So many lines lie ready at least, and at most.
constexpr size_t least_ready = 8;
constexpr size_t most_ready = 512;

uint64_t estimate(const supervisor_state& st, const work_item& item) {
  return line_overhead + item.body.size() * 2 + static_cast<uint64_t>(st.response_estimate * 2);
}

void ask_memory(supervisor_ptr self, uint64_t needed) {
  auto& st = self->state;
  if (st.grant_asked) return;
  give_back_memory(st);
  st.grant_asked = true;
  const auto bytes = std::max(needed, grant_bytes);
  self->request(st.peers.memory, caf::infinite, grant_atom_v, memory_class::in_flight, bytes)
    .then([self](const memory_grant_ptr& grant) {
      auto& s = self->state;
      s.grant_asked = false;
      const auto now = self->clock().now();
      if (!grant) {
        if (s.memory_short_since == steady_time{}) s.memory_short_since = now;
        return wake_at(self, now + memory_retry, now);
      }
      s.memory_short_since = {};
      s.granted += grant->bytes();
      s.grants.push_back(grant);
      pump(self);
    });
}

/// One more call fits the limit. The place of a worker that died counts until it may be used again.
bool has_place(const supervisor_state& st) {
  return st.in_flight + st.dead.size() < st.throttle_says.in_flight;
}

/// Whether one more call may be made now, whatever the line.
bool may_call(supervisor_ptr self, steady_time now) {
  auto& st = self->state;
  if (st.draining || st.held || !has_place(st)) return false;
  if (st.unsynced >= most_unsynced) return false; // the store's answer pumps again
  if (st.throttle_says.paused_until && *st.throttle_says.paused_until > now) {
    wake_at(self, *st.throttle_says.paused_until, now);
    return false;
  }
  return st.throttle_calls.available() > 0 && st.breaker_permits.available() > 0;
}

/// A line of a parked key or model waits in the dispatcher until the next probe.
void wait_for_route(supervisor_ptr self, item_ptr item, steady_time now) {
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
  if (item.first_call == wall_time{}) item.first_call = wall_now();
  st.parked.take(item.model, now);
}

void give_to_worker(supervisor_ptr self, item_ptr item, steady_time now) {
  auto& st = self->state;
  const auto worker = idle_worker(self);
  goes_out(st, worker, item, now);
  self->send(st.workers[worker].handle, call_atom_v, std::move(item));
}

void hand_out(supervisor_ptr self, item_ptr item, steady_time now) {
  stamp(self->state, *item, now);
  give_to_worker(self, std::move(item), now);
}

/// Lines that lie ready come before those of the queue, for idle workers too.
void hand_out_ready(supervisor_ptr self, steady_time now) {
  auto& st = self->state;
  while (has_place(st)) {
    auto item = st.ready->pop();
    if (!item) return;
    give_to_worker(self, std::move(item), now);
  }
}

/// Nothing holds lines up: neither a limit on calls nor a park nor a pause.
bool flows_freely(const supervisor_state& st, steady_time now) {
  const auto& t = st.throttle_says;
  return !st.draining && !st.held && st.unsynced < most_unsynced &&
         st.breaker_permits.available() == unlimited_permits &&
         st.throttle_calls.available() == unlimited_permits && st.parked.nothing_parked() &&
         (!t.paused_until || *t.paused_until <= now) && st.in_flight <= t.in_flight;
}

/// How many lines are to be at hand, ready or in the queue: what is called in a short time, and a
/// few at least. No more: they go before those of a batch that comes later.
size_t at_hand(const supervisor_state& st) {
  return std::min(most_ready, std::max(least_ready, st.pace.in(ready_for)));
}

/// How many lines may lie ready: no more than may be answered without being on disk.
size_t shelf_target(const supervisor_state& st) {
  return std::min<size_t>(at_hand(st), most_unsynced - st.unsynced);
}

/// Asks the dispatcher for as many lines as could be in flight, and a few to have at hand.
void ask_for_lines(supervisor_ptr self) {
  auto& st = self->state;
  if (st.draining || st.held || st.breaker_says.permits == 0 || st.throttle_says.in_flight == 0)
    return;
  const auto limit = st.throttle_says.in_flight;
  const auto spare = 2 * static_cast<uint32_t>(at_hand(st));
  const auto have =
    st.in_flight + static_cast<uint32_t>(st.queue.size() + st.ready->size()) + st.wanted;
  if (have + (spare + 1) / 2 > limit + spare) return;
  const auto more = limit + spare - have;
  st.wanted += more;
  self->send(st.peers.dispatcher, want_atom_v, st.peers.number, more);
}

/// Takes the memory that the next line of the queue will need. False: it must wait for it.
bool charge_next(supervisor_ptr self) {
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

void fill_shelf(supervisor_ptr self, steady_time now) {
  auto& st = self->state;
  const auto target = shelf_target(st);
  for (auto n = st.ready->size(); n < target && !st.queue.empty(); ++n) {
    if (!charge_next(self)) return;
    auto item = take_next(st);
    stamp(st, *item, now);
    st.ready->put(std::move(item));
  }
}

} // namespace

void wake_at(supervisor_ptr self, steady_time when, steady_time now) {
  auto& st = self->state;
  if (when >= st.timer_at) return;
  st.timer_at = when;
  const auto wait = std::max<steady_time::duration>(when - now, milliseconds{1});
  self->delayed_send(self, wait, wakeup_atom_v, ++st.timer_generation);
}

void goes_out(supervisor_state& st, uint32_t worker, item_ptr item, steady_time now) {
  ++st.outbox.used;
  ++st.in_flight;
  auto& w = st.workers[worker];
  w.item = std::move(item);
  w.since = now;
}

void give_back_memory(supervisor_state& st) {
  // With nothing charged nothing is held: then the next line's grant is given whatever the level.
  const auto spare = st.charged == 0 ? 0 : grant_bytes;
  while (!st.grants.empty() && st.granted - st.grants.back()->bytes() >= st.charged + spare) {
    st.granted -= st.grants.back()->bytes();
    st.grants.pop_back();
  }
}

void clear_shelf(supervisor_state& st) {
  auto lines = st.ready->clear();
  for (const auto& item : lines) {
    st.charged -= std::min(st.charged, item->charged_bytes);
    item->charged_bytes = 0;
  }
  st.queue.insert(st.queue.begin(), std::make_move_iterator(lines.begin()),
                  std::make_move_iterator(lines.end()));
}

void give_back_queued(supervisor_ptr self, const std::function<bool(const work_item&)>& which) {
  auto& st = self->state;
  clear_shelf(st);
  std::erase_if(st.queue, [&](item_ptr& item) {
    if (!which(*item)) return false;
    st.outbox.back.push_back({std::move(item), milliseconds{0}});
    return true;
  });
  flush_soon(self, true);
}

void pump(supervisor_ptr self) {
  auto& st = self->state;
  const auto now = self->clock().now();
  st.parked.on_tick(now);
  release_dead(self, now);
  end_surplus(self);
  const bool free = flows_freely(st, now);
  if (free) {
    hand_out_ready(self, now);
  } else {
    clear_shelf(st);
  }
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

} // namespace perennial::actors
