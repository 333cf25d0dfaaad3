#include "actors/work/dispatcher/parts.hpp"
#include "protocol/base/log.hpp"

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
            self->state.postponed.push_back(
              [self, change, then] { must_change(self, change, then); });
            self->delayed_send(self, std::chrono::seconds{1}, wakeup_atom_v, uint64_t{0});
          });
}

void activate(dispatcher_ptr self, const resume_ptr& r) {
  auto& st = self->state;
  const auto& b = r->batch;
  auto definition = b.definition;
  if (definition.max_attempts == 0) definition.max_attempts = st.options.max_attempts;
  const context_ptr context =
    std::make_shared<batch_context>(batch_context{b.id, std::move(definition)});
  st.table->add(context, b.state, b.progress);
  self->send(st.reader, start_atom_v, context, r);
}

} // namespace

void end_batch(dispatcher_ptr self, batch_id id) {
  auto& st = self->state;
  st.table->remove(id);
  st.stopping.erase(id);
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
    logging::info("batch {:016x} is completed: {} done, {} failed", id, b.progress.completed,
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
  st.stopping[id] = steady_now() + st.options.cancel_deadline;
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

void begin(dispatcher_ptr self, const resume_ptr& r) {
  auto& st = self->state;
  const auto& b = r->batch;
  if (!storage::is_final(b.state.status)) st.begun.insert(b.id);
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
