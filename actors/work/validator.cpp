#include "actors/work/validator.hpp"

#include "actors/results/unrun.hpp"
#include "protocol/base/log.hpp"
#include "storage/rule_set.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <algorithm>
#include <utility>

namespace perennial::actors {

namespace {

using validator_self = validator_actor::stateful_pointer<validator_state>;
using storage::batch_id;
using storage::validation_phase;

/// Bytes of the file per step, and so between two notes of how far validation has come.
constexpr uint64_t step_bytes = 16ull << 20;

/// Tries again what the disk refused.
constexpr std::chrono::seconds retry_after{1};

void step_later(validator_self self, batch_id id) {
  self->delayed_send(self, retry_after, step_atom_v, uint64_t{id});
}

validation_job* find(validator_self self, batch_id id) {
  const auto at = self->state.jobs.find(id);
  return at == self->state.jobs.end() ? nullptr : at->second.get();
}

/// Sends a change to the store; `then` when it is on disk, the step again when it could not be
/// made.
template <class Reply, class F, class... Ts>
void write(validator_self self, batch_id id, F then, Ts&&... message) {
  self->request(self->state.writer, caf::infinite, std::forward<Ts>(message)...)
    .then([then](Reply& reply) { then(reply); },
          [self, id](const caf::error& e) {
            const auto why = from_caf(e);
            if (why.kind == errc::not_found) {
              self->state.jobs.erase(id);
              return;
            }
            logging::warn("batch_{:016x}: validation waits for the disk: {}", id, why.message);
            if (auto* job = find(self, id)) job->ending = false;
            step_later(self, id);
          });
}

void end(validator_self self, validation_job& job, bool failed) {
  const auto id = job.batch.id;
  const auto& d = job.batch.definition;
  job.ending = true;
  storage::validation_end e;
  e.batch = id;
  e.problem_count = job.problems.total();
  e.failed = failed;
  e.now = wall_now();
  // With `skip`, bad lines of an earlier process are not known here any more.
  e.file_is_good =
    job.problems.empty() && d.retry_of == 0 && d.on_invalid == storage::invalid_policy::fail;
  for (const auto& p : job.problems.kept()) {
    e.problems.push_back({p.number, p.offset, p.code, p.message});
  }
  std::ranges::stable_sort(e.problems, {},
                           &storage::stored_problem::number); // duplicates came last
  write<storage::batch_record>(
    self, id,
    [self, id](const storage::batch_record& b) {
      self->state.jobs.erase(id);
      self->send(self->state.dispatcher, valid_atom_v, b);
    },
    step_atom_v, std::move(e));
}

void commit_bad_lines(validator_self self, validation_job& job) {
  const auto id = job.batch.id;
  job.committing = true;
  write<commit_reply>(
    self, id,
    [self, id](const commit_reply&) {
      auto* at = find(self, id);
      if (at == nullptr) return;
      at->committing = false;
      self->send(self, step_atom_v, uint64_t{id});
    },
    commit_atom_v, std::exchange(job.bad_lines, nullptr));
}

/// Gives the store what was checked, again until it is on disk.
void give(validator_self self, validation_job& job) {
  const auto id = job.batch.id;
  self->request(self->state.writer, caf::infinite, step_atom_v, *job.on_its_way)
    .then(
      [self, id](bool) {
        auto* at = find(self, id);
        if (at == nullptr) return;
        at->on_its_way.reset();
        self->send(self, step_atom_v, uint64_t{id});
      },
      [self, id](const caf::error& e) {
        const auto why = from_caf(e);
        auto* at = find(self, id);
        if (at == nullptr) return;
        if (why.kind == errc::not_found) {
          self->state.jobs.erase(id);
          return;
        }
        logging::warn("batch_{:016x}: validation waits for the disk: {}", id, why.message);
        at->refused = true;
        step_later(self, id);
      });
}

/// The results of bad lines first, then the note that validation is past them.
void record(validator_self self, validation_job& job) {
  if (job.bad_lines) return commit_bad_lines(self, job);
  auto& step = job.on_its_way.emplace();
  step.batch = job.batch.id;
  step.custom_ids = std::exchange(job.ids, {});
  // In the order of their keys the store takes them faster.
  std::ranges::sort(step.custom_ids, {}, &storage::validation_step::id_row::hash);
  step.next = resume_point(job);
  job.unrecorded = false;
  give(self, job);
  self->send(self, step_atom_v, uint64_t{job.batch.id}); // checks on while the store writes
}

void read_on(validator_self self, validation_job& job) {
  const auto id = job.batch.id;
  auto at_end = validate_some(*self->state.db, job, step_bytes);
  if (!at_end) {
    logging::error("batch_{:016x}: its file cannot be read: {}", id, at_end.error().message);
    return step_later(self, id);
  }
  if (*at_end) job.cursor.phase = validation_phase::duplicates;
  job.unrecorded = true;
  if (!job.on_its_way) record(self, job);
}

void look_for_duplicates(validator_self self, validation_job& job) {
  const bool skip = job.batch.definition.on_invalid == storage::invalid_policy::skip;
  if (!job.duplicates_looked_for) {
    const auto all = find_duplicates(*self->state.db, job);
    if (!all) {
      logging::error("batch_{:016x}: {}", job.batch.id, all.error().message);
      return step_later(self, job.batch.id);
    }
    job.duplicates_looked_for = *all;
    if (job.bad_lines) return commit_bad_lines(self, job);
    if (!*all) return self->send(self, step_atom_v, uint64_t{job.batch.id});
  }
  if (job.batch.definition.lines == 0) {
    job.problems.add(jobs::empty_file());
    return end(self, job, true);
  }
  end(self, job, !job.problems.empty() && !skip);
}

void select(validator_self self, validation_job& job) {
  const auto id = job.batch.id;
  write<selection_step>(
    self, id,
    [self, id](const selection_step& done) {
      const auto at = self->state.jobs.find(id);
      if (at == self->state.jobs.end()) return;
      if (!done.segment) return end(self, *at->second, false);
      at->second->next_segment = *done.segment;
      self->send(self, step_atom_v, uint64_t{id});
    },
    step_atom_v, selection_step{id, job.next_segment});
}

void step(validator_self self, validation_job& job) {
  if (job.committing || job.ending) return; // goes on with the answer
  if (std::exchange(job.refused, false)) return give(self, job);
  const bool reads = job.cursor.phase == validation_phase::reading;
  const bool has_more = job.bad_lines || job.unrecorded;
  if (job.on_its_way && (has_more || !reads)) return; // the same
  if (has_more) return record(self, job);
  switch (job.cursor.phase) {
  case validation_phase::reading: return read_on(self, job);
  case validation_phase::duplicates: return look_for_duplicates(self, job);
  case validation_phase::selecting: return select(self, job);
  }
}

void start(validator_self self, const resume_ptr& r) {
  auto& st = self->state;
  auto job = std::make_unique<validation_job>();
  job->batch = r->batch;
  const auto& d = r->batch.definition;
  if (r->validation) job->cursor = *r->validation;
  const auto id = r->batch.id;
  if (d.retry_of != 0) {
    job->cursor.phase = validation_phase::selecting;
  } else if (auto file = st.db->get_file(d.file);
             file && file->good_under == storage::rule_set_of(d)) {
    auto& kept = *(st.jobs[id] = std::move(job)); // all was checked for an earlier batch
    return end(self, kept, false);
  }
  st.jobs[id] = std::move(job);
  self->send(self, step_atom_v, uint64_t{id});
}

// -- lines that never ran
// -----------------------------------------------------------------------------

/// One step of ending a batch; tried again while the disk refuses it.
template <class F>
void end_step(validator_self self, batch_id id, storage::batch_change change, F then) {
  self->request(self->state.writer, caf::infinite, state_atom_v, state_change{id, change, {}})
    .then([then](const storage::batch_record& b) { then(b); },
          [self, id](const caf::error& e) {
            const auto kind = from_caf(e).kind;
            if (kind == errc::conflict || kind == errc::not_found) return; // it is at its end
            self->delayed_send(self, retry_after, finish_atom_v, uint64_t{id});
          });
}

void close_batch(validator_self self, batch_id id) {
  end_step(self, id, storage::batch_change::close, [self](const storage::batch_record& done) {
    logging::info("batch_{:016x} is {}: {} done, {} failed, {} never ran", done.id,
                  to_string(done.state.status), done.progress.completed, done.progress.failed,
                  done.progress.total - done.progress.completed - done.progress.failed);
    self->send(self->state.dispatcher, finished_atom_v, done);
  });
}

void lay_out(validator_self self, const storage::batch_record& b) {
  // A batch that was cancelled before its lines were known to be good has none to show.
  if (b.state.in_progress_at == wall_time{}) return close_batch(self, b.id);
  auto lines = lay_out_unrun(*self->state.db, b.id);
  const auto id = b.id;
  if (!lines) {
    logging::error("batch_{:016x}: its unrun lines cannot be read: {}", id, lines.error().message);
    return self->delayed_send(self, retry_after, finish_atom_v, uint64_t{id});
  }
  self->request(self->state.writer, caf::infinite, finish_atom_v, std::move(*lines))
    .then([self](const storage::batch_record& laid) { close_batch(self, laid.id); },
          [self, id](const caf::error&) {
            self->delayed_send(self, retry_after, finish_atom_v, uint64_t{id});
          });
}

/// First `finalizing`, from where on the store drops results that come late, then the layout.
void finish(validator_self self, batch_id id) {
  self->state.jobs.erase(id);
  end_step(self, id, storage::batch_change::finalize,
           [self](const storage::batch_record& now) { lay_out(self, now); });
}

} // namespace

validator_actor::behavior_type validator_behavior(validator_self self,
                                                  std::shared_ptr<const storage::store> db,
                                                  store_actor writer, dispatcher_actor dispatcher) {
  self->state.db = std::move(db);
  self->state.writer = std::move(writer);
  self->state.dispatcher = std::move(dispatcher);
  return {
    [self](start_atom, const resume_ptr& r) { start(self, r); },
    [self](finish_atom, uint64_t id) { finish(self, id); },
    [self](forget_atom, uint64_t id) { self->state.jobs.erase(id); },
    [self](step_atom, uint64_t id) {
      const auto at = self->state.jobs.find(id);
      if (at != self->state.jobs.end()) step(self, *at->second);
    },
  };
}

} // namespace perennial::actors
