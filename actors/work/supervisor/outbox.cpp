#include "actors/work/supervisor/parts.hpp"

#include <utility>

namespace perennial::actors {

namespace {

/// A group goes to the store at this size at the latest.
constexpr size_t group_limit = 512;

} // namespace

void flush(supervisor_ptr self) {
  auto& st = self->state;
  tell_protectors(self);
  auto box = std::exchange(st.outbox, {});
  if (!box.back.empty()) self->send(st.peers.dispatcher, back_atom_v, std::move(box.back));
  if (!box.group) return;
  ++st.commits_out;
  const auto results = static_cast<uint32_t>(box.group->results.size());
  self->request(st.peers.writer, caf::infinite, commit_atom_v, std::move(box.group))
    .then([self, done = std::move(box.done), slots = std::move(box.slots), results,
           charged = box.charged, answers = std::move(box.answers)](commit_reply& reply) mutable {
      auto& s = self->state;
      --s.commits_out;
      s.unsynced -= results;
      answers.clear();
      for (const auto slot : slots) s.peers.calls_out->free(slot);
      s.charged -= std::min(s.charged, charged);
      give_back_memory(s);
      done.counts = std::move(reply.counts);
      self->send(s.peers.dispatcher, recorded_atom_v, std::move(done));
      flush(self);
      if (!s.queue.empty()) pump(self);
    });
}

void flush_soon(supervisor_ptr self, bool urgent) {
  auto& st = self->state;
  auto& box = st.outbox;
  if (box.group && box.group->results.size() >= group_limit) return flush(self);
  if (st.commits_out > 0 && !urgent) return;
  if (std::exchange(box.flush_sent, true)) return;
  self->send(self, flush_atom_v); // behind what is in the mailbox already
}

storage::commit_group& group(supervisor_state& st) {
  if (!st.outbox.group) st.outbox.group = std::make_shared<storage::commit_group>();
  return *st.outbox.group;
}

} // namespace perennial::actors
