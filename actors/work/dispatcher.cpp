#include "actors/work/dispatcher.hpp"

#include "actors/results/failed_line.hpp"
#include "actors/work/reader.hpp"
#include "actors/work/validator.hpp"
#include "protocol/base/log.hpp"

#include <caf/send.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <algorithm>
#include <limits>

namespace perennial::actors {

namespace {

using self_ptr = dispatcher_actor::stateful_pointer<dispatcher_state>;
using storage::batch_id;
using storage::batch_record;
using storage::batch_status;

/// What a read of about one page may take: the page and the items of its lines.
constexpr uint64_t read_grant_bytes = storage::page_bytes + reader_chunk_lines * 512;
constexpr std::chrono::milliseconds retry_soon{50};
/// A line that was out at so many deaths of the process is to blame.
constexpr uint32_t deaths_limit = 3;

void pump(self_ptr self);

void wake_at(self_ptr self, steady_time when, steady_time now) {
  auto& st = self->state;
  if (when >= st.timer_at) return;
  st.timer_at = when;
  const auto wait = std::max(when - now, steady_time::duration{std::chrono::milliseconds{1}});
  self->delayed_send(self, wait, wakeup_atom_v, ++st.timer_generation);
}

void free_slots(self_ptr self, const item_list& items) {
  for (const auto& item : items) {
    if (item->slot != no_slot) self->state.peers.calls_out->free(item->slot);
  }
}

/// A change of state that must happen, whatever the disk says now: tried until it does.
template <class F>
void must_change(self_ptr self, state_change change, F then) {
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

/// A change that someone asked for and waits for.
template <class F>
caf::result<batch_record> try_change(self_ptr self, state_change change, F then) {
  auto promise = self->make_response_promise<batch_record>();
  self->request(self->state.peers.writer, caf::infinite, state_atom_v, std::move(change))
    .then(
      [promise, then](const batch_record& b) mutable {
        promise.deliver(b);
        then(b);
      },
      [promise](caf::error& e) mutable { promise.deliver(std::move(e)); });
  return promise;
}

// -- a batch's life
// -----------------------------------------------------------------------------------

void activate(self_ptr self, const resume_ptr& r) {
  auto& st = self->state;
  const auto& b = r->batch;
  auto definition = b.definition;
  if (definition.max_attempts == 0) definition.max_attempts = st.options.max_attempts;
  const context_ptr context =
    std::make_shared<batch_context>(batch_context{b.id, std::move(definition)});
  st.table->add(context, b.state, b.progress);
  self->send(st.reader, start_atom_v, context, r);
}

void end_batch(self_ptr self, batch_id id) {
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

void complete(self_ptr self, batch_id id) {
  if (!self->state.completing.insert(id).second) return; // its end is being written
  must_change(self, {id, storage::batch_change::complete, {}}, [self, id](const batch_record& b) {
    logging::info("batch {:016x} is completed: {} done, {} failed", id, b.progress.completed,
                  b.progress.failed);
    end_batch(self, id);
  });
}

/// Nothing new goes out; when its calls are back, or their time is over, the validator lays out
/// what never ran.
void stop_batch(self_ptr self, batch_id id) {
  auto& st = self->state;
  if (st.stopping.contains(id)) return;
  free_slots(self, st.table->stop(id));
  self->send(st.validator, forget_atom_v, id);
  self->send(st.reader, forget_atom_v, id);
  for (auto& s : st.supervisors) self->send(s, forget_atom_v, id);
  st.stopping[id] = steady_now() + st.options.cancel_deadline;
}

void check_stopping(self_ptr self, steady_time now) {
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

void begin(self_ptr self, const resume_ptr& r) {
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

// -- lines
// --------------------------------------------------------------------------------------------

/// A line that an earlier process had out when it died: the call is ambiguous, and after too many
/// deaths the line is to blame.
bool is_worn_out(self_ptr self, work_item& item) {
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

void fail_worn_out(self_ptr self, const item_list& items) {
  auto group = std::make_shared<storage::commit_group>();
  auto done = std::make_shared<recorded>();
  for (const auto& item : items) {
    group->results.push_back(failed_line(*item, storage::result_code::worker_crashed,
                                         "worker_crashed",
                                         "the service died several times while this line was being "
                                         "worked on; it was not tried again"));
    done->lines.push_back({item->batch->id, item->line, storage::output_kind::error,
                           storage::result_code::worker_crashed});
  }
  self->request(self->state.peers.writer, caf::infinite, commit_atom_v, group)
    .then([self, items, done](commit_reply& reply) {
      free_slots(self, items);
      done->counts = std::move(reply.counts);
      self->send(self, recorded_atom_v, *done);
    });
}

void recover_calls_out(self_ptr self) {
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
      "batch {:016x}: {} calls were out when the last process died; they are made again", id, n);
  }
  if (!counts.empty()) caf::anon_send(st.peers.writer, commit_atom_v, group);
}

/// A pause that nobody asked for, and whose answer nobody waits for.
void pause_by_itself(self_ptr self, batch_id id, std::string reason) {
  caf::anon_send(caf::actor_cast<dispatcher_actor>(self), pause_atom_v, uint64_t{id},
                 std::move(reason));
}

void request_reads(self_ptr self) {
  auto& st = self->state;
  while (auto id = st.table->next_read()) {
    self
      ->request(st.peers.memory, caf::infinite, grant_atom_v, memory_class::read_ahead,
                read_grant_bytes)
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

void pump(self_ptr self) {
  auto& st = self->state;
  if (st.draining || !st.table) return;
  const auto now = self->clock().now();
  for (auto& a : st.table->assign(now)) {
    self->send(st.supervisors[a.provider], work_atom_v, std::move(a.items));
  }
  if (!st.read_starved) request_reads(self);
  if (auto due = st.table->next_due()) wake_at(self, *due, now);
}

void take_lines(self_ptr self, read_reply& reply) {
  auto& st = self->state;
  if (reply.failure) {
    logging::error("batch {:016x} cannot be read further: {}", reply.batch, reply.failure->message);
    pause_by_itself(self, reply.batch, "its file cannot be read: " + reply.failure->message);
    st.table->on_lines(reply.batch, {}, false, self->clock().now(), wall_now());
    return;
  }
  item_list worn_out;
  item_list fresh;
  const auto now = self->clock().now();
  for (auto& item : reply.items) {
    (is_worn_out(self, *item) ? worn_out : fresh).push_back(std::move(item));
  }
  st.table->on_lines(reply.batch, std::move(fresh), reply.at_end, now, wall_now());
  if (!worn_out.empty()) fail_worn_out(self, worn_out);
  if (auto model = st.table->unrouted_model(reply.batch);
      model && st.warned_models.insert(*model).second) {
    logging::warn(
      "batch {:016x}: no provider takes the model \"{}\"; its lines wait. Add the model to "
      "a provider's `models`.",
      reply.batch, *model);
  }
  pump(self);
}

void take_results(self_ptr self, const recorded& r) {
  auto& st = self->state;
  for (const auto& l : r.lines) {
    if (st.table->on_result(l.batch, l.kind, l.code)) {
      pause_by_itself(
        self, l.batch,
        fmt::format("the last {} lines were all rejected with code {} and none succeeded",
                    rejection_streak::limit, l.code));
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

// -- what people ask for
// ------------------------------------------------------------------------------

caf::result<batch_record> cancel(self_ptr self, batch_id id) {
  return try_change(self, {id, storage::batch_change::cancel, {}}, [self, id](const batch_record&) {
    stop_batch(self, id);
    check_stopping(self, self->clock().now());
  });
}

caf::result<batch_record> set_paused(self_ptr self, batch_id id, bool paused, std::string reason) {
  const auto change = paused ? storage::batch_change::pause : storage::batch_change::resume;
  return try_change(self, {id, change, std::move(reason)}, [self](const batch_record& b) {
    if (b.state.paused) logging::warn("batch {:016x} is paused: {}", b.id, b.state.pause_reason);
    self->state.table->set_paused(b.id, b.state.paused);
    pump(self);
  });
}

caf::result<storage::created_batch> create(self_ptr self, const create_request& r) {
  auto promise = self->make_response_promise<storage::created_batch>();
  self->request(self->state.peers.writer, caf::infinite, create_atom_v, r)
    .then(
      [self, promise](const storage::created_batch& made) mutable {
        promise.deliver(made);
        // One that exists was begun with, unless its first creation was told as a failure of the
        // disk and turned out to be there.
        if (made.existed && self->state.begun.contains(made.batch.id)) return;
        auto resume = self->state.peers.db->resume_batch(made.batch.id);
        if (resume) begin(self, std::make_shared<const storage::batch_resume>(std::move(*resume)));
      },
      [promise](caf::error& e) mutable { promise.deliver(std::move(e)); });
  return promise;
}

/// It ended before it could have a result: a retry of it would have nothing to start from.
bool never_ran(const batch_record& b) {
  return storage::is_final(b.state.status) && b.state.in_progress_at == wall_time{};
}

/// The newest batch of the chain of retries that `id` belongs to: a retry goes on from there, so
/// that no line is paid for twice.
result<batch_record> end_of_chain(const storage::store& db, batch_id id) {
  auto newest = db.get_batch(id);
  auto all = db.list_batches(0, std::numeric_limits<uint32_t>::max());
  if (!newest || !all) return newest ? tl::unexpected{all.error()} : newest;
  for (auto b = all->rbegin(); b != all->rend(); ++b) { // oldest first: each link once
    if (b->definition.retry_of == newest->id && !never_ran(*b)) newest = *b;
  }
  return newest;
}

result<create_request> retry_of(const storage::store& db, batch_id id, const std::string& only) {
  auto parent = end_of_chain(db, id);
  if (!parent) return tl::unexpected{parent.error()};
  const auto& p = *parent;
  if (!storage::is_final(p.state.status)) {
    return fail(errc::conflict, "batch {:016x}, its newest retry, is {}; wait for its end", p.id,
                to_string(p.state.status));
  }
  if (never_ran(p)) {
    return fail(errc::conflict,
                "the batch never ran, so its lines were not found good; create it again");
  }
  if (p.progress.completed >= p.progress.total) {
    return fail(errc::conflict, "no line of the batch failed: there is nothing to retry");
  }
  create_request r{p.definition, {}};
  r.definition.retry_of = p.id;
  r.definition.retry_only = only;
  r.definition.created = wall_now();
  r.same.request_hash = sha256(fmt::format("retry {} {}", p.id, only));
  return r;
}

caf::result<storage::created_batch> retry(self_ptr self, batch_id id, const std::string& only) {
  auto request = retry_of(*self->state.peers.db, id, only);
  if (!request) return to_caf(request.error());
  return create(self, *request);
}

void start(self_ptr self, const directory_ptr& directory) {
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

void woken(self_ptr self, uint64_t generation) {
  auto& st = self->state;
  if (generation == 0) { // a change of state was postponed
    auto again = std::move(st.postponed);
    st.postponed.clear();
    for (auto& f : again) f();
    return;
  }
  if (generation != st.timer_generation) return;
  st.timer_at = steady_time::max();
  st.read_starved = false;
  check_stopping(self, self->clock().now());
  pump(self);
}

dispatcher_status status(self_ptr self) {
  dispatcher_status out;
  out.draining = self->state.draining;
  for (const auto& l : self->state.table->loads()) {
    out.batches.push_back({l.id, l.ready, l.waiting + l.unrouted, l.out});
  }
  return out;
}

} // namespace

dispatcher_actor::behavior_type dispatcher_behavior(self_ptr self, dispatcher_peers peers,
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
    [self](back_atom, returned_list& lines) {
      const auto now = self->clock().now();
      for (auto& l : lines) {
        if (l.wait.count() > 0 && l.item->slot != no_slot) {
          self->state.peers.calls_out->free(std::exchange(l.item->slot, no_slot));
        }
        const auto slot = l.item->slot;
        const bool kept = self->state.table->on_back(std::move(l.item), l.wait, now);
        if (!kept && slot != no_slot) self->state.peers.calls_out->free(slot);
      }
      if (!self->state.stopping.empty()) check_stopping(self, now);
      pump(self);
    },
    [self](recorded_atom, const recorded& r) { take_results(self, r); },
    [self](lines_atom, read_reply& reply) { take_lines(self, reply); },
    [self](valid_atom, const batch_record& b) {
      if (b.state.status != batch_status::in_progress) { // it failed, and that is on disk
        if (storage::is_final(b.state.status)) self->state.begun.erase(b.id);
        return;
      }
      if (auto r = self->state.peers.db->resume_batch(b.id)) {
        begin(self, std::make_shared<const storage::batch_resume>(std::move(*r)));
        pump(self);
      }
    },
    [self](finished_atom, const batch_record& b) { end_batch(self, b.id); },
    [self](drain_atom, bool draining) {
      self->state.draining = draining;
      pump(self);
    },
    [self](status_atom) { return status(self); },
    [self](wakeup_atom, uint64_t generation) { woken(self, generation); },
  };
}

} // namespace perennial::actors
