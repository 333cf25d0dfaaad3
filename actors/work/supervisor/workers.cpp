#include "actors/work/supervisor/client_worker.hpp"
#include "actors/work/supervisor/parts.hpp"
#include "protocol/base/log.hpp"
#include "protocol/base/threads.hpp"

#include <algorithm>

namespace perennial::actors {

namespace {

/// So many idle workers beyond the limit, at least, before some are ended: a limit that goes up and
/// down must not cost warm connections.
constexpr uint32_t least_surplus = 16;

constexpr std::chrono::seconds try_thread_again{1};

/// A connection and a thread of its own, in the place of this number.
void start_worker(supervisor_ptr self, uint32_t number) {
  auto& st = self->state;
  auto& w = st.workers[number];
  w.connection = st.peers.connect();
  w.retiring = std::make_shared<std::atomic<bool>>(false);
  w.overdue = false;
  w.since = self->clock().now();
  w.handle = self->spawn<caf::detached + caf::monitored>(
    worker_behavior,
    worker_peers{number, st.peers.config, w.connection, st.peers.answers, st.peers.db,
                 st.peers.spill_over, st.peers.calls_out, st.ready, st.finished,
                 caf::actor_cast<supervisor_actor>(self), w.retiring});
  st.by_address[w.handle->address()] = number;
}

/// An idle worker ends; that is no death.
void end_worker(supervisor_ptr self, uint32_t number) {
  auto& w = self->state.workers[number];
  self->state.by_address.erase(w.handle->address());
  w.connection->close();
  self->send_exit(w.handle, caf::exit_reason::user_shutdown);
  w.handle = nullptr;
}

void replace_worker(supervisor_ptr self, uint32_t number) {
  if (!thread_is_to_be_had()) { // better an old one than none
    *self->state.workers[number].retiring = false;
    return;
  }
  end_worker(self, number);
  start_worker(self, number);
  ++self->state.workers[number].restarts;
}

} // namespace

bool has_idle_worker(supervisor_ptr self, steady_time now) {
  auto& st = self->state;
  if (!st.idle.empty()) return true;
  if (now < st.no_thread_until) return false;
  if (!thread_is_to_be_had()) {
    const bool first = st.no_thread_until == steady_time{};
    st.no_thread_until = now + try_thread_again;
    wake_at(self, st.no_thread_until, now);
    if (!first) return false;
    logging::warn("{}: the system gives no thread for another worker; {} calls are out and go on. "
                  "Raise the limit of processes or memory, or lower max_in_flight: perennial "
                  "workers scale {} N",
                  st.peers.config.name, st.in_flight, st.peers.config.name);
    return false;
  }
  st.no_thread_until = {};
  auto number = static_cast<uint32_t>(st.workers.size());
  if (!st.empty.empty()) {
    number = st.empty.back();
    st.empty.pop_back();
  } else {
    st.workers.emplace_back();
  }
  start_worker(self, number);
  st.idle.push_back(number);
  return true;
}

uint32_t take_idle_worker(supervisor_state& st) {
  const auto number = st.idle.back();
  st.idle.pop_back();
  return number;
}

void becomes_idle(supervisor_ptr self, uint32_t number) {
  auto& st = self->state;
  auto& w = st.workers[number];
  w.since = self->clock().now();
  w.overdue = false;
  if (*w.retiring) replace_worker(self, number);
  st.idle.push_back(number);
}

uint32_t restart_workers(supervisor_ptr self, bool now) {
  auto& st = self->state;
  uint32_t count = 0;
  for (uint32_t number = 0; number < st.workers.size(); ++number) {
    auto& w = st.workers[number];
    if (!w.handle) continue;
    ++count;
    if (!w.item) {
      replace_worker(self, number);
      continue;
    }
    *w.retiring = true;
    if (now) w.connection->abort();
  }
  return count;
}

void end_surplus(supervisor_ptr self) {
  auto& st = self->state;
  const auto limit = most_out(st);
  const auto bearable = limit + std::max(least_surplus, limit / 4);
  while (!st.idle.empty() && st.in_flight + st.idle.size() > bearable) {
    end_worker(self, st.idle.front()); // the one whose connection is coldest
    st.empty.push_back(st.idle.front());
    st.idle.erase(st.idle.begin());
  }
}

worker_list list_workers(supervisor_ptr self) {
  const auto& st = self->state;
  const auto now = self->clock().now();
  worker_list out{st.peers.config.name, {}};
  for (uint32_t number = 0; number < st.workers.size(); ++number) {
    const auto& w = st.workers[number];
    if (!w.handle) continue;
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

} // namespace perennial::actors
