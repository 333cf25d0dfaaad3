#include "actors/work/dispatcher/dispatcher.hpp"

#include "actors/work/dispatcher/parts.hpp"
#include "actors/work/provider_availability.hpp"
#include "actors/work/reader.hpp"
#include "actors/work/validator.hpp"
#include "protocol/base/log.hpp"

namespace perennial::actors {

namespace {

using storage::batch_record;
using storage::batch_status;

void start(dispatcher_ptr self, const directory_ptr& directory) {
  auto& st = self->state;
  st.supervisors = directory->supervisors;
  recover_calls_out(self);
  auto unfinished = st.peers.db->unfinished_batches();
  if (!unfinished) {
    logging::error("The batches cannot be read: {}", unfinished.error().message);
    return self->quit(to_caf(unfinished.error()));
  }
  for (auto& r : *unfinished) {
    begin(self, std::make_shared<const storage::batch_resume>(std::move(r)));
  }
  pump(self);
}

void woken(dispatcher_ptr self, uint64_t generation) {
  auto& st = self->state;
  if (generation != st.timer_generation) return;
  st.timer_at = steady_time::max();
  st.read_starved = false;
  const auto now = self->clock().now();
  check_expiring(self, now);
  check_stopping(self, now);
  fail_overdue(self);
  reroute(self);
  pump(self);
}

dispatcher_status status(dispatcher_ptr self) {
  dispatcher_status out;
  out.draining = self->state.draining;
  for (const auto& l : self->state.table->loads()) {
    out.batches.push_back(
      {l.id, l.ready, l.waiting + l.unrouted, l.out, self->state.table->unrouted_model(l.id)});
  }
  return out;
}

} // namespace

dispatcher_actor::behavior_type dispatcher_behavior(dispatcher_ptr self, dispatcher_peers peers,
                                                    dispatcher_options options) {
  auto& st = self->state;
  st.table = std::make_unique<dispatch_table>(options.where, options.limits);
  st.options = std::move(options);
  st.peers = std::move(peers);
  const auto me = caf::actor_cast<dispatcher_actor>(self);
  st.reader = self->spawn<caf::linked + caf::detached>(reader_behavior, st.peers.db, me);
  st.validator =
    self->spawn<caf::linked + caf::detached>(validator_behavior, st.peers.db, st.peers.writer, me);
  return {
    [self](create_atom, const create_request& r) { return create(self, r); },
    [self](cancel_atom, uint64_t id) { return cancel(self, id); },
    [self](pause_atom, uint64_t id, std::string& reason) {
      return set_paused(self, id, true, std::move(reason));
    },
    [self](resume_atom, uint64_t id) { return set_paused(self, id, false, {}); },
    [self](retry_atom, uint64_t id, const std::string& only) { return retry(self, id, only); },
    [self](start_atom, const directory_ptr& directory) { start(self, directory); },
    [self](want_atom, uint32_t provider, uint32_t lines) {
      self->state.table->on_want(provider, lines);
      pump(self);
    },
    [self](back_atom, returned_list& lines) { take_back(self, lines); },
    [self](available_atom, const availability_ptr& a) {
      self->state.table->on_availability(*a);
      reroute(self);
      pump(self);
    },
    [self](recorded_atom, const recorded& r) { take_results(self, r); },
    [self](lines_atom, read_reply& reply) { take_lines(self, reply); },
    [self](valid_atom, const batch_record& b) {
      if (b.state.status != batch_status::in_progress) { // it failed, and that is on disk
        if (storage::is_final(b.state.status)) end_batch(self, b.id);
        return;
      }
      take_up(self, b.id);
    },
    [self](finished_atom, const batch_record& b) { end_batch(self, b.id); },
    [self](drain_atom, bool draining) {
      self->state.draining = draining;
      pump(self);
    },
    [self](status_atom) { return status(self); },
    [self](parts_atom) {
      return std::vector{caf::actor_cast<caf::actor>(self->state.reader),
                         caf::actor_cast<caf::actor>(self->state.validator)};
    },
    [self](wakeup_atom, uint64_t generation) { woken(self, generation); },
  };
}

} // namespace perennial::actors
