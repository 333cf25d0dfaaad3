#include "actors/spawn_on_thread.hpp"
#include "actors/work/supervisor/client_worker.hpp"
#include "actors/work/supervisor/parts.hpp"
#include "protocol/base/log.hpp"

#include <algorithm>

namespace perennial::actors {

namespace {

/// So many idle workers beyond the limit, at least, before some are ended: a limit that goes up and
/// down must not cost warm connections.
constexpr uint32_t least_surplus = 16;

constexpr std::chrono::seconds try_thread_again{1};

/// So long after a thread could not be had, ask before each: a start that fails costs some memory
/// for good, asking costs as much as a thread.
constexpr std::chrono::minutes ask_before{10};

/// How often it is logged that threads are missing, where some come and go.
constexpr std::chrono::minutes say_again{1};

/// A connection and a thread of its own, in the place of this number. False, and all as it was:
/// the system gives no thread.
bool start_worker(supervisor_ptr self, uint32_t number) {
  auto& st = self->state;
  const auto now = self->clock().now();
  if (st.ask_for_threads_until && now < *st.ask_for_threads_until && !thread_is_to_be_had())
    return false;
  auto connection = st.peers.connect();
  auto retiring = std::make_shared<std::atomic<bool>>(false);
  auto handle = spawn_on_thread<caf::monitored>(
    self, worker_behavior,
    worker_peers{number, st.peers.config, connection, st.peers.answers, st.peers.db,
                 st.peers.spill_over, st.peers.calls_out, st.ready, st.finished,
                 caf::actor_cast<supervisor_actor>(self), retiring});
  if (!handle) {
    st.ask_for_threads_until = now + ask_before;
    return false;
  }
  auto& w = st.workers[number];
  w.handle = std::move(*handle);
  w.connection = std::move(connection);
  w.retiring = std::move(retiring);
  w.overdue = false;
  w.since = now;
  st.by_address[w.handle->address()] = number;
  return true;
}

/// An idle worker ends; that is no death.
void end_worker(supervisor_ptr self, const worker_actor& worker, caller& connection) {
  self->state.by_address.erase(worker->address());
  connection.close();
  self->send_exit(worker, caf::exit_reason::user_shutdown);
}

/// The system gives no thread; those workers that are there go on.
void wait_for_thread(supervisor_ptr self, steady_time now) {
  auto& st = self->state;
  st.no_thread_until = now + try_thread_again;
  wake_at(self, *st.no_thread_until, now);
  if (st.no_thread_said && now - *st.no_thread_said < say_again) return;
  st.no_thread_said = now;
  logging::warn("{}: {}", st.peers.config.name, threads_text());
}

/// @returns whether somebody else works there now.
bool replace_worker(supervisor_ptr self, uint32_t number) {
  auto& w = self->state.workers[number];
  const auto old = w.handle;
  const auto connection = w.connection;
  if (!start_worker(self, number)) { // better an old one than none
    *w.retiring = false;
    wait_for_thread(self, self->clock().now());
    return false;
  }
  end_worker(self, old, *connection);
  ++w.restarts;
  return true;
}

} // namespace

bool has_idle_worker(supervisor_ptr self, steady_time now) {
  auto& st = self->state;
  if (!st.idle.empty()) return true;
  if (st.no_thread_until && now < *st.no_thread_until) return false;
  if (st.empty.empty()) {
    st.empty.push_back(static_cast<uint32_t>(st.workers.size()));
    st.workers.emplace_back();
  }
  const auto number = st.empty.back();
  if (!start_worker(self, number)) {
    wait_for_thread(self, now);
    return false;
  }
  st.no_thread_until.reset();
  st.empty.pop_back();
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
    if (!w.item) {
      if (replace_worker(self, number)) ++count;
      continue;
    }
    ++count;
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
    auto& w = st.workers[st.idle.front()]; // the one whose connection is coldest
    end_worker(self, w.handle, *w.connection);
    w.handle = nullptr;
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
