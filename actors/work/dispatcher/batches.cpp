#include "actors/work/dispatcher/parts.hpp"
#include "protocol/base/log.hpp"

#include <limits>
#include <utility>

namespace perennial::actors {

namespace {

using storage::batch_id;
using storage::batch_record;
using storage::batch_status;

/// A change of state that must happen, whatever the disk says now: tried until it does.
template <class F>
void must_change(dispatcher_ptr self, state_change change, F then) {
  self->request(self->state.peers.writer, caf::infinite, state_atom_v, change)
    .then([then](const batch_record& b) { then(b); },
          [self, change, then](const caf::error& e) {
            const auto kind = from_caf(e).kind;
            if (kind == errc::not_found || kind == errc::conflict)
              return; // another change was first
            when_writable(self, [self, change, then] { must_change(self, change, then); });
          });
}

void activate(dispatcher_ptr self, const resume_ptr& r) {
  auto& st = self->state;
  const auto& b = r->batch;
  if (st.table->knows(b.id)) return;
  auto definition = b.definition;
  if (definition.max_attempts == 0) definition.max_attempts = st.options.max_attempts;
  if (definition.line_deadline.count() == 0) definition.line_deadline = st.options.line_deadline;
  const context_ptr context =
    std::make_shared<batch_context>(batch_context{b.id, std::move(definition)});
  st.table->add(context, b.state, b.progress);
  self->send(st.reader, start_atom_v, context, r);
}

} // namespace

void when_writable(dispatcher_ptr self, std::function<void()> then) {
  // The store answers a commit when it is on disk, and an empty one is as good as any.
  self
    ->request(self->state.peers.writer, caf::infinite, commit_atom_v,
              std::make_shared<storage::commit_group>())
    .then([then = std::move(then)](const commit_reply&) { then(); });
}

void take_up_what_is_there(dispatcher_ptr self) {
  auto& st = self->state;
  const auto all = st.peers.db->list_batches(0, std::numeric_limits<uint32_t>::max());
  if (!all) return logging::error("The batches cannot be read: {}", all.error().message);
  for (const auto& b : *all) {
    if (storage::is_final(b.state.status)) continue;
    if (!st.begun.contains(b.id)) {
      take_up(self, b.id);
    } else if (b.state.status == batch_status::cancelling) {
      stop_batch(self, b.id);
    } else {
      st.table->set_paused(b.id, b.state.paused);
    }
  }
  check_stopping(self, self->clock().now());
  pump(self);
}

void end_batch(dispatcher_ptr self, batch_id id) {
  auto& st = self->state;
  st.table->remove(id);
  st.stopping.erase(id);
  st.expiring.erase(id);
  st.completing.erase(id);
  st.begun.erase(id);
  self->send(st.reader, forget_atom_v, id);
  std::erase_if(st.survivors, [&](const auto& e) {
    if (e.first.first != id) return false;
    st.peers.calls_out->free(e.second.slot);
    return true;
  });
}

void complete(dispatcher_ptr self, batch_id id) {
  if (!self->state.completing.insert(id).second) return; // its end is being written
  must_change(self, {id, storage::batch_change::complete, {}}, [self, id](const batch_record& b) {
    logging::info("batch_{:016x} is completed: {} done, {} failed", id, b.progress.completed,
                  b.progress.failed);
    end_batch(self, id);
  });
}

void stop_batch(dispatcher_ptr self, batch_id id) {
  auto& st = self->state;
  if (st.stopping.contains(id)) return;
  free_slots(self, st.table->stop(id));
  self->send(st.validator, forget_atom_v, id);
  self->send(st.reader, forget_atom_v, id);
  for (auto& s : st.supervisors) self->send(s, forget_atom_v, id);
  st.stopping[id] = self->clock().now() + st.options.cancel_deadline;
}

void check_stopping(dispatcher_ptr self, steady_time now) {
  auto& st = self->state;
  std::vector<batch_id> ready;
  for (const auto& [id, deadline] : st.stopping) {
    if (st.table->is_quiet(id) || now >= deadline) {
      ready.push_back(id);
    } else {
      wake_at(self, deadline, now);
    }
  }
  for (auto id : ready) {
    st.stopping.erase(id);
    self->send(st.validator, finish_atom_v, id);
  }
}

void check_expiring(dispatcher_ptr self, steady_time now) {
  auto& st = self->state;
  const auto wall = wall_now();
  for (auto at = st.expiring.begin(); at != st.expiring.end();) {
    const auto [id, when] = *at;
    if (when > wall) {
      // The wall clock may be set: looked at again within the hour.
      wake_at(self, now + std::min<std::chrono::milliseconds>(when - wall, std::chrono::hours{1}),
              now);
      ++at;
      continue;
    }
    at = st.expiring.erase(at);
    if (st.completing.contains(id) || st.stopping.contains(id)) continue;
    logging::info("batch_{:016x} has come to the end of its time; calls in flight may end", id);
    stop_batch(self, id);
  }
}

void take_up(dispatcher_ptr self, batch_id id) {
  auto r = self->state.peers.db->resume_batch(id);
  if (r) {
    begin(self, std::make_shared<const storage::batch_resume>(std::move(*r)));
    return pump(self);
  }
  if (r.error().kind == errc::closed) return when_writable(self, [self, id] { take_up(self, id); });
  logging::error("batch_{:016x} cannot be read: {}", id, r.error().message);
}

void begin(dispatcher_ptr self, const resume_ptr& r) {
  auto& st = self->state;
  const auto& b = r->batch;
  if (!storage::is_final(b.state.status)) {
    st.begun.insert(b.id);
    if (b.definition.expires != wall_time{} && b.definition.expires <= wall_now()) {
      return self->send(st.validator, finish_atom_v, b.id); // while nobody was here
    }
    if (b.definition.expires != wall_time{}) {
      st.expiring[b.id] = b.definition.expires;
      check_soon(self);
    }
  }
  switch (b.state.status) {
  case batch_status::validating: self->send(st.validator, start_atom_v, r); break;
  case batch_status::in_progress:
    activate(self, r);
    if (st.table->is_complete(b.id)) complete(self, b.id);
    break;
  case batch_status::cancelling:
  case batch_status::finalizing: self->send(st.validator, finish_atom_v, b.id); break;
  default: break;
  }
}

} // namespace perennial::actors
