#include "actors/work/supervisor/client_worker.hpp"
#include "actors/work/supervisor/parts.hpp"
#include "protocol/base/log.hpp"

namespace perennial::actors {

namespace {

/// A connection and a thread of its own, in the place of this number.
void start_worker(supervisor_ptr self, uint32_t number) {
  auto& st = self->state;
  auto& w = st.workers[number];
  w.connection = std::shared_ptr<perennial::connection>{st.peers.client->new_connection()};
  w.retiring = std::make_shared<std::atomic<bool>>(false);
  w.since = self->clock().now();
  w.handle = self->spawn<caf::detached + caf::monitored>(
    worker_behavior,
    worker_peers{number, st.peers.config, w.connection, st.peers.knowledge, st.peers.answers,
                 st.peers.db, st.peers.spill_over, st.peers.calls_out, st.ready, st.finished,
                 caf::actor_cast<supervisor_actor>(self), w.retiring});
  st.by_address[w.handle->address()] = number;
}

uint32_t spawn_worker(supervisor_ptr self) {
  const auto number = static_cast<uint32_t>(self->state.workers.size());
  self->state.workers.emplace_back();
  start_worker(self, number);
  return number;
}

} // namespace

uint32_t idle_worker(supervisor_ptr self) {
  auto& st = self->state;
  if (st.idle.empty()) return spawn_worker(self);
  const auto number = st.idle.back();
  st.idle.pop_back();
  return number;
}

void replace_worker(supervisor_ptr self, uint32_t number) {
  auto& st = self->state;
  auto& w = st.workers[number];
  st.by_address.erase(w.handle->address()); // its end is no death
  w.connection->close();
  self->send_exit(w.handle, caf::exit_reason::user_shutdown);
  start_worker(self, number);
  ++w.restarts;
}

uint32_t restart_workers(supervisor_ptr self, bool now) {
  auto& st = self->state;
  for (uint32_t number = 0; number < st.workers.size(); ++number) {
    auto& w = st.workers[number];
    if (!w.item) {
      replace_worker(self, number);
      continue;
    }
    *w.retiring = true;
    if (now) w.connection->abort();
  }
  return static_cast<uint32_t>(st.workers.size());
}

worker_list list_workers(supervisor_ptr self) {
  const auto& st = self->state;
  const auto now = self->clock().now();
  worker_list out{st.peers.config.name, {}};
  for (uint32_t number = 0; number < st.workers.size(); ++number) {
    const auto& w = st.workers[number];
    worker_view v{.number = number,
                  .handle = w.handle,
                  .retiring = *w.retiring,
                  .age = std::chrono::floor<std::chrono::milliseconds>(now - w.since),
                  .calls = w.calls,
                  .restarts = w.restarts};
    if (w.item) {
      v.batch = w.item->batch->id;
      v.line = w.item->line;
    }
    out.workers.push_back(std::move(v));
  }
  return out;
}

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
  const auto now = self->clock().now();
  const auto verdict = st.restarts.on_death(now, jitter(self));
  const auto give_back = [&](item_ptr item) {
    // A trial call of a half-open breaker must not be missing for ever.
    outcome_event nothing{item->breaker_epoch, {}, item->sent, st.in_flight};
    nothing.outcome.kind = outcome_kind::aborted;
    st.outbox.outcomes.push_back(std::move(nothing));
    if (++item->crashes >= deaths_limit) {
      fail_line(self, *item, storage::result_code::worker_crashed, "worker_crashed",
                "the worker died each time that this line was tried; it was not tried again");
    } else {
      st.charged -= std::min(st.charged, item->charged_bytes);
      st.outbox.back.push_back({std::move(item), verdict.delay});
    }
    flush_soon(self, true);
  };
  if (w.item) {
    --st.in_flight;
    give_back(std::exchange(w.item, nullptr));
  }
  if (auto untold = st.ready->untold(number)) give_back(std::move(untold));
  start_worker(self, number); // the same place
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

} // namespace perennial::actors
