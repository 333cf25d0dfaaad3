#include "actors/work/supervisor/parts.hpp"
#include "protocol/base/log.hpp"

namespace perennial::actors {

namespace {

using std::chrono::milliseconds;

/// What its worker's death means for a line: it goes back, or fails at the last of so many.
void give_back(supervisor_ptr self, item_ptr item, milliseconds wait) {
  auto& st = self->state;
  // A trial call of a half-open breaker must not be missing for ever.
  outcome_event nothing;
  nothing.sent = item->sent;
  nothing.outcome.kind = outcome_kind::aborted;
  note_outcome(st, *item, std::move(nothing));
  if (++item->crashes >= deaths_limit) {
    fail_line(self, *item, storage::result_code::worker_crashed, "worker_crashed",
              "the worker died each time that this line was tried; it was not tried again");
  } else {
    st.charged -= std::min(st.charged, item->charged_bytes);
    st.outbox.back.push_back({std::move(item), wait});
  }
  flush_soon(self, true);
}

/// Nobody works there any more: somebody new after a while, or nobody until a person looks.
milliseconds mourn(supervisor_ptr self, uint32_t number) {
  auto& st = self->state;
  auto& w = st.workers[number];
  const auto now = self->clock().now();
  const auto verdict = st.restarts.on_death(now, jitter(self));
  w.handle = nullptr;
  w.overdue = false;
  ++w.restarts;
  std::erase(st.idle, number);
  st.dead.emplace(now + verdict.delay, number);
  wake_at(self, now + verdict.delay, now);
  if (verdict.park) {
    const auto reason = fmt::format("{0}: its workers keep dying; see the log, then: perennial "
                                    "providers resume {0}",
                                    st.peers.config.name);
    logging::error("{}", reason);
    for (uint32_t key = 0; key < st.ring.size(); ++key) {
      auto& parked = st.ring.at(key).parked;
      parked.park(whole_key, park_kind::dying_workers, reason, parked.epoch(), now);
    }
  }
  return verdict.delay;
}

/// Its thread is lost; what it may still bring is of no use to anybody.
void give_up(supervisor_ptr self, uint32_t number) {
  auto& st = self->state;
  auto& w = st.workers[number];
  logging::error("{}: a worker does not come back from its call of batch_{:016x} line {}, not even "
                 "after it was aborted; its thread is given up, its line goes back",
                 st.peers.config.name, w.item->batch->id, w.item->line);
  st.by_address.erase(w.handle->address());
  *w.retiring = true;
  w.connection->close();
  self->send_exit(w.handle, caf::exit_reason::user_shutdown);
  const auto item = std::exchange(w.item, nullptr);
  --st.in_flight;
  comes_back(st, *item, 0);
  const auto wait = mourn(self, number);
  give_back(self, item->apart(), wait); // the thread may still write to the line
}

} // namespace

void worker_died(supervisor_ptr self, const caf::down_msg& down) {
  auto& st = self->state;
  collect_calls(self); // the last that it had to say
  const auto at = st.by_address.find(down.source);
  if (at == st.by_address.end()) return;
  const auto number = at->second;
  st.by_address.erase(at);
  auto& w = st.workers[number];
  logging::error("{}: a worker died ({}); it is replaced, its line goes back", st.peers.config.name,
                 caf::to_string(down.reason));
  const auto wait = mourn(self, number);
  if (w.item) {
    --st.in_flight;
    comes_back(st, *w.item, 0);
    give_back(self, std::exchange(w.item, nullptr), wait);
  }
  if (auto untold = st.ready->untold(number)) give_back(self, std::move(untold), wait);
}

void release_dead(supervisor_ptr self, steady_time now) {
  auto& st = self->state;
  while (!st.dead.empty() && st.dead.begin()->first <= now) {
    st.empty.push_back(st.dead.begin()->second);
    st.dead.erase(st.dead.begin());
  }
  if (!st.dead.empty()) wake_at(self, st.dead.begin()->first, now);
}

void look_for_hung_workers(supervisor_ptr self) {
  auto& st = self->state;
  const auto now = self->clock().now();
  const auto& rules = st.peers.hang;
  const auto limit = st.peers.config.total_timeout + rules.grace;
  for (uint32_t number = 0; number < st.workers.size(); ++number) {
    auto& w = st.workers[number];
    if (!w.item || now - w.since < limit) continue;
    if (!w.overdue) {
      logging::warn("{}: a call of batch_{:016x} line {} is long over its time; it is aborted",
                    st.peers.config.name, w.item->batch->id, w.item->line);
      w.overdue = true;
      w.connection->abort();
    } else if (now - w.since >= limit + rules.grace) {
      give_up(self, number);
    }
  }
  self->delayed_send(self, rules.look_every, look_atom_v);
}

} // namespace perennial::actors
