#include "actors/results/failed_line.hpp"
#include "actors/work/dispatcher/parts.hpp"
#include "actors/work/reader.hpp"
#include "protocol/base/log.hpp"
#include "storage/result_codes.hpp"

#include <caf/send.hpp>

#include <algorithm>

namespace perennial::actors {

namespace {

using storage::batch_id;

/// What a read of about one page may take: the page and the items of its lines.
constexpr uint64_t read_grant_bytes = storage::page_bytes + reader_chunk_lines * 512;
constexpr std::chrono::milliseconds retry_soon{50};
/// How late a line's deadline may be seen.
constexpr std::chrono::seconds look_for_overdue{1};

/// A line that an earlier process had out when it died: the call is ambiguous, and after too many
/// deaths the line is to blame.
bool is_worn_out(dispatcher_ptr self, work_item& item) {
  auto& st = self->state;
  if (st.survivors.empty()) return false;
  const auto at = st.survivors.find({item.batch->id, item.line});
  if (at == st.survivors.end()) return false;
  item.slot = at->second.slot;
  item.crashes = at->second.crashes;
  item.ambiguous = true;
  st.survivors.erase(at);
  return item.crashes >= deaths_limit;
}

/// Lines that fail here, without another call. They count as out until that is on disk.
template <class Render>
void settle(dispatcher_ptr self, const item_list& items, Render&& render) {
  auto group = std::make_shared<storage::commit_group>();
  auto done = std::make_shared<recorded>();
  for (const auto& item : items) {
    auto r = render(*item);
    done->lines.push_back({r.batch, r.line, r.kind, r.code});
    group->results.push_back(std::move(r));
  }
  self->request(self->state.peers.writer, caf::infinite, commit_atom_v, group)
    .then([self, items, done](commit_reply& reply) {
      free_slots(self, items);
      done->counts = std::move(reply.counts);
      self->send(self, recorded_atom_v, *done);
    });
}

void fail_worn_out(dispatcher_ptr self, batch_id batch, const item_list& items) {
  self->state.table->on_settled_here(batch, items.size());
  settle(self, items, [](const work_item& item) {
    return failed_line(item, storage::result_code::worker_crashed, "worker_crashed",
                       "the service died several times while this line was being worked on; it was "
                       "not tried again");
  });
}

/// A pause that nobody asked for, and whose answer nobody waits for. It holds at once: each line
/// that goes out until it is on disk may cost money.
void pause_by_itself(dispatcher_ptr self, batch_id id, std::string reason) {
  hold_lines(self, id);
  caf::anon_send(caf::actor_cast<dispatcher_actor>(self), pause_atom_v, uint64_t{id},
                 std::move(reason));
}

/// While the store is closed after a write error its readers wait too; anything else is for a
/// person to look at.
void cannot_read(dispatcher_ptr self, batch_id id, const error& why) {
  if (why.kind == errc::closed) {
    self->state.table->hold_reading(id, true);
    return when_writable(self, [self, id] {
      self->state.table->hold_reading(id, false);
      pump(self);
    });
  }
  logging::error("batch_{:016x} cannot be read further: {}", id, why.message);
  pause_by_itself(self, id, "its file cannot be read: " + why.message);
}

void request_reads(dispatcher_ptr self) {
  auto& st = self->state;
  while (auto id = st.table->next_read()) {
    const auto kind =
      st.table->is_needed_now(*id) ? memory_class::in_flight : memory_class::read_ahead;
    self->request(st.peers.memory, caf::infinite, grant_atom_v, kind, read_grant_bytes)
      .then([self, id = *id](const memory_grant_ptr& grant) {
        auto& s = self->state;
        if (grant) return self->send(s.reader, read_atom_v, read_request{id, grant});
        s.table->read_refused(id);
        s.read_starved = true;
        const auto now = self->clock().now();
        wake_at(self, now + retry_soon, now);
      });
  }
}

} // namespace

void wake_at(dispatcher_ptr self, steady_time when, steady_time now) {
  auto& st = self->state;
  if (when >= st.timer_at) return;
  st.timer_at = when;
  const auto wait = std::max(when - now, steady_time::duration{std::chrono::milliseconds{1}});
  self->delayed_send(self, wait, wakeup_atom_v, ++st.timer_generation);
}

void check_soon(dispatcher_ptr self) {
  const auto now = self->clock().now();
  wake_at(self, now, now);
}

void fail_overdue(dispatcher_ptr self) {
  auto& table = *self->state.table;
  if (!table.has_line_deadlines()) return;
  for (const auto& [batch, items] : table.take_overdue(wall_now())) {
    settle(self, items, [](const work_item& item) { return overdue_line(item, item.last_error); });
  }
}

void reroute(dispatcher_ptr self) {
  auto& st = self->state;
  const auto now = self->clock().now();
  st.table->reroute(now);
  if (const auto next = st.table->next_reroute(now)) wake_at(self, *next, now);
}

void hold_lines(dispatcher_ptr self, batch_id id) {
  self->state.table->set_paused(id, true);
  for (auto& s : self->state.supervisors) self->send(s, forget_atom_v, id);
}

void free_slots(dispatcher_ptr self, const item_list& items) {
  for (const auto& item : items) {
    if (item->slot != no_slot) self->state.peers.calls_out->free(item->slot);
  }
}

void recover_calls_out(dispatcher_ptr self) {
  auto& st = self->state;
  auto group = std::make_shared<storage::commit_group>();
  std::map<batch_id, uint64_t> counts;
  for (const auto& s : st.peers.calls_out->recovered()) {
    auto batch = st.peers.db->get_batch(s.batch);
    auto done = st.peers.db->get_index(s.batch, s.line);
    const bool over = !batch || storage::is_final(batch->state.status) || (done && *done);
    if (over) {
      st.peers.calls_out->free(s.slot);
      continue;
    }
    st.survivors[{s.batch, s.line}] = {s.slot, s.crashes};
    if (s.was_out) ++counts[s.batch];
  }
  for (const auto& [id, n] : counts) {
    group->ambiguous.push_back({id, n});
    logging::warn(
      "batch_{:016x}: {} calls were out when the last process died; they are made again", id, n);
  }
  if (!counts.empty()) caf::anon_send(st.peers.writer, commit_atom_v, group);
}

void pump(dispatcher_ptr self) {
  auto& st = self->state;
  if (st.draining || !st.table) return;
  const auto now = self->clock().now();
  for (auto& a : st.table->assign(now)) {
    self->send(st.supervisors[a.provider], work_atom_v, std::move(a.items));
  }
  if (!st.read_starved) request_reads(self);
  if (auto due = st.table->next_due()) wake_at(self, *due, now);
  if (st.table->has_line_deadlines()) wake_at(self, now + look_for_overdue, now);
}

void take_lines(dispatcher_ptr self, read_reply& reply) {
  auto& st = self->state;
  if (reply.failure) cannot_read(self, reply.batch, *reply.failure);
  item_list worn_out;
  item_list fresh;
  const auto now = self->clock().now();
  for (auto& item : reply.items) {
    (is_worn_out(self, *item) ? worn_out : fresh).push_back(std::move(item));
  }
  st.table->on_lines(reply.batch, std::move(fresh), reply.at_end, now, wall_now());
  if (!worn_out.empty()) fail_worn_out(self, reply.batch, worn_out);
  if (auto model = st.table->unrouted_model(reply.batch);
      model && st.warned_models.insert(*model).second) {
    logging::warn(
      "batch_{:016x}: no provider takes the model \"{}\"; its lines wait. Add the model to "
      "a provider's `models`.",
      reply.batch, *model);
  }
  pump(self);
}

void take_results(dispatcher_ptr self, const recorded& r) {
  auto& st = self->state;
  for (const auto& l : r.lines) {
    if (st.table->on_result(l.batch, l.kind, l.code)) {
      pause_by_itself(
        self, l.batch,
        fmt::format("the last {} lines were all rejected with code {} and none succeeded",
                    rejection_streak::limit, storage::name_of_code(l.code)));
    }
  }
  for (const auto& c : r.counts) {
    st.table->on_counts(c.batch, c.progress);
    if (st.table->knows(c.batch) && !st.stopping.contains(c.batch) &&
        st.table->is_complete(c.batch)) {
      complete(self, c.batch);
    }
  }
  if (!st.stopping.empty()) check_stopping(self, self->clock().now());
}

void take_back(dispatcher_ptr self, returned_list& lines) {
  const auto now = self->clock().now();
  // From the last on: each goes to the front.
  for (auto at = lines.rbegin(); at != lines.rend(); ++at) {
    auto& l = *at;
    if (l.wait.count() > 0 && l.item->slot != no_slot) {
      self->state.peers.calls_out->free(std::exchange(l.item->slot, no_slot));
    }
    const auto slot = l.item->slot;
    const bool kept = self->state.table->on_back(std::move(l.item), l.wait, now, l.held_up);
    if (!kept && slot != no_slot) self->state.peers.calls_out->free(slot);
  }
  if (!self->state.stopping.empty()) check_stopping(self, now);
  pump(self);
}

} // namespace perennial::actors
