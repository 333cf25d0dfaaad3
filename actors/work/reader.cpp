#include "actors/work/reader.hpp"

#include "actors/work/job_rules.hpp"

#include <caf/typed_event_based_actor.hpp>

namespace perennial::actors {

reader_actor::behavior_type reader_behavior(reader_actor::stateful_pointer<reader_state> self,
                                            std::shared_ptr<const storage::store> db,
                                            dispatcher_actor dispatcher) {
  self->state.db = std::move(db);
  self->state.dispatcher = std::move(dispatcher);
  return {
    [self](start_atom, const context_ptr& context, const resume_ptr& r) {
      read_cursor c;
      c.context = context;
      c.slicer = std::make_unique<jobs::slicer>(rules_of(r->batch.definition));
      c.segments = r->unfinished_segments;
      self->state.cursors[r->batch.id] = std::move(c);
    },
    [self](read_atom, const read_request& r) {
      auto& cursors = self->state.cursors;
      const auto at = cursors.find(r.batch);
      if (at == cursors.end()) return;
      read_reply reply;
      reply.batch = r.batch;
      auto read = read_lines(*self->state.db, at->second, r.grant);
      reply.items = std::move(read.items);
      reply.failure = std::move(read.failure);
      reply.at_end = at->second.at_end();
      self->send(self->state.dispatcher, lines_atom_v, std::move(reply));
    },
    [self](forget_atom, uint64_t batch) { self->state.cursors.erase(batch); },
  };
}

} // namespace perennial::actors
