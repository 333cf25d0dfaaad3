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
/// A line that cannot go asks again after so long, and no longer.
constexpr milliseconds ask_again{500};
constexpr milliseconds longest_wait{5'000};
/// So many lines lie ready at most.
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
bool has_place(const supervisor_state& st) { return st.in_flight + st.dead.size() < most_out(st); }

/// Whether one more call may be made now, whatever the line.
bool may_call(supervisor_ptr self, steady_time now) {
  auto& st = self->state;
  if (st.draining || st.held || st.doubts > 0 || !has_place(st)) return false;
  if (st.unsynced >= most_unsynced) return false; // the store's answer pumps again
  return st.breaker_permits.available() > 0 && st.ring.has_room(now);
}

/// A line that cannot go now waits in the dispatcher, and others go on. Not for long: by hand, all
/// may be mended in the meantime.
void wait_outside(supervisor_ptr self, item_ptr item, steady_time until, steady_time now) {
  auto& st = self->state;
  const auto wait = std::chrono::ceil<milliseconds>(until - now);
  item->note_word(st.peers.config.name, "unavailable", alarm_text(st, now));
  st.outbox.back.push_back({std::move(item), std::clamp(wait, ask_again, longest_wait), true});
  flush_soon(self, true);
}

/// When to ask again for a line whose model's breaker lets nothing out now; nothing where it does.
std::optional<steady_time> model_down_until(supervisor_ptr self, const work_item& item,
                                            steady_time now) {
  const auto number = breaker_of(self, item.model);
  if (number == 0) return {};
  const auto& b = self->state.models[number - 1];
  if (b.permits.available() > 0) return {};
  return b.says.next_probe.value_or(now);
}

/// The marks by which its outcome will be understood.
void stamp(supervisor_ptr self, work_item& item, uint32_t key, steady_time now) {
  auto& st = self->state;
  item.model_breaker = breaker_of(self, item.model);
  item.trial = st.breaker_permits.available() != unlimited_permits;
  item.breaker_epoch = st.breaker_permits.take();
  if (item.model_breaker > 0) {
    auto& of_model = st.models[item.model_breaker - 1].permits;
    item.trial = item.trial || of_model.available() != unlimited_permits;
    item.model_epoch = of_model.take();
  }
  item.key = st.keys[key].key;
  item.park_epoch = st.ring.stamp(key, item.model, now);
  const bool counted = st.ring.at(key).tokens.available() != unlimited_permits;
  item.tokens = counted ? st.guess.of(item.body) : 0;
  if (counted) st.tokens_a_call = item.tokens;
}

void give_to_worker(supervisor_ptr self, item_ptr item, steady_time now) {
  auto& st = self->state;
  const auto worker = take_idle_worker(st);
  goes_out(st, worker, item, now);
  self->send(st.workers[worker].handle, call_atom_v, std::move(item));
}

void hand_out(supervisor_ptr self, item_ptr item, uint32_t key, steady_time now) {
  stamp(self, *item, key, now);
  give_to_worker(self, std::move(item), now);
}

/// Lines that lie ready come before those of the queue, for idle workers too.
void hand_out_ready(supervisor_ptr self, steady_time now) {
  auto& st = self->state;
  while (has_place(st) && st.ready->size() > 0 && has_idle_worker(self, now)) {
    auto item = st.ready->pop();
    if (!item) return;
    give_to_worker(self, std::move(item), now);
  }
}

/// Nothing holds lines up: neither a limit on calls nor a park nor a pause. With several keys each
/// line is given the one that has room when it goes out.
bool flows_freely(const supervisor_state& st, steady_time now) {
  return !st.draining && !st.held && st.doubts == 0 && st.unsynced < most_unsynced &&
         st.ring.size() == 1 && breakers_are_closed(st) && st.ring.flows_freely(now) &&
         st.in_flight <= most_out(st);
}

/// How many lines are to be at hand, ready or in the queue: what is called in a short time. No
/// more, and none where calls are slow: they go before those of a batch that comes later.
size_t at_hand(const supervisor_state& st) { return std::min(most_ready, st.pace.in(ready_for)); }

/// How many lines may lie ready: no more than may be answered without being on disk.
size_t shelf_target(const supervisor_state& st) {
  return std::min<size_t>(at_hand(st), most_unsynced - st.unsynced);
}

/// Asks the dispatcher for as many lines as could be in flight, and a few to have at hand.
void ask_for_lines(supervisor_ptr self, steady_time now) {
  auto& st = self->state;
  const auto most = most_out(st);
  if (st.draining || st.held || most == 0) return;
  // A trial needs no more than it may call.
  const auto trial = trial_room(st, now);
  // Nor where a rate lets few out: the others would be charged to their batches, and come back.
  const auto by_rate = st.ring.let_out_by_rates(st.tokens_a_call, now);
  const auto at_once = static_cast<uint32_t>(std::min<int64_t>(by_rate, most));
  const auto wish = 2 * static_cast<uint32_t>(at_hand(st));
  const auto spare = trial || by_rate < wish ? 0 : wish;
  const auto have =
    st.in_flight + static_cast<uint32_t>(st.queue.size() + st.ready->size()) + st.wanted;
  const auto limit = std::min(st.in_flight + trial.value_or(at_once), most);
  if (have >= limit + spare || have + (spare + 1) / 2 > limit + spare) return;
  const auto more = limit + spare - have;
  st.wanted += more;
  self->send(st.peers.dispatcher, want_atom_v, st.peers.number, more);
}

/// A limit of so many a minute begins to count when a call goes out, not when it ends.
void tell_used(supervisor_ptr self) {
  const auto& st = self->state;
  for (uint32_t n = 0; n < st.ring.size(); ++n) {
    const auto& says = st.ring.at(n).says;
    const bool limited = says.calls != unlimited_permits || says.tokens != unlimited_permits;
    if (limited && st.keys[n].used > 0) return tell_protectors(self);
  }
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
    stamp(self, *item, 0, now);
    st.ready->put(std::move(item));
  }
}

} // namespace

uint32_t most_out(const supervisor_state& st) {
  return std::min(st.most_in_flight, st.ring.in_flight_limit());
}

void wake_at(supervisor_ptr self, steady_time when, steady_time now) {
  auto& st = self->state;
  if (when >= st.timer_at) return;
  st.timer_at = when;
  const auto wait = std::max<steady_time::duration>(when - now, milliseconds{1});
  self->delayed_send(self, wait, wakeup_atom_v, ++st.timer_generation);
}

void goes_out(supervisor_state& st, uint32_t worker, item_ptr item, steady_time now) {
  auto& key = st.keys[item->key->number];
  ++key.used;
  key.used_tokens += item->tokens;
  st.ring.goes_out(item->key->number, item->tokens);
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
    if (st.told.closed) item->note_word(st.peers.config.name, "unavailable", st.told.closed->why);
    st.outbox.back.push_back({std::move(item), milliseconds{0}});
    return true;
  });
  flush_soon(self, true);
}

void pump(supervisor_ptr self) {
  auto& st = self->state;
  const auto now = self->clock().now();
  st.ring.on_tick(now);
  release_dead(self, now);
  end_surplus(self);
  const bool free = flows_freely(st, now);
  if (free) {
    hand_out_ready(self, now);
  } else {
    clear_shelf(st);
  }
  while (!st.queue.empty() && may_call(self, now)) {
    const auto& next = *st.queue.front();
    const auto choice = st.ring.pick(next.model, now);
    auto ask_at = model_down_until(self, next, now);
    if (choice.parked) ask_at = st.ring.ask_again(next.model, now);
    if (ask_at) {
      wait_outside(self, take_next(st), *ask_at, now);
      continue;
    }
    if (!choice.key) break; // its keys have no room
    if (!has_idle_worker(self, now) || !charge_next(self)) break;
    hand_out(self, take_next(st), *choice.key, now);
  }
  if (const auto change = st.ring.next_change(now)) wake_at(self, *change, now);
  if (free) fill_shelf(self, now);
  tell_availability(self, now);
  // What cannot go out for a while lies with the dispatcher, where another provider may get it.
  if (trial_room(st, now) == 0u && !st.queue.empty())
    give_back_queued(self, [](const work_item&) { return true; });
  ask_for_lines(self, now);
  tell_used(self);
  if (st.queue.empty()) give_back_memory(st); // or nobody else could read and send
}

} // namespace perennial::actors
