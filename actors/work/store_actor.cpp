#include "actors/work/store_actor.hpp"

#include "actors/errors.hpp"
#include "protocol/base/log.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <algorithm>
#include <utility>

namespace perennial::actors {

namespace {

using store_self = store_actor::stateful_pointer<store_state>;

constexpr std::chrono::milliseconds reopen_first{200};
constexpr std::chrono::milliseconds reopen_cap{10'000};

void schedule_reopen(store_self self) {
  auto& st = self->state;
  const auto wait = std::min(reopen_cap, reopen_first * (1 << std::min(st.reopen_attempts, 6u)));
  ++st.reopen_attempts;
  self->delayed_send(self, wait, wakeup_atom_v);
}

void write_failed(store_self self, const error& why) {
  auto& st = self->state;
  if (st.broken) return;
  st.broken = true;
  st.disk->write_failed(why);
  if (st.reopen_attempts == 0) {
    logging::error(
      "The store cannot write ({}). Nothing acknowledged is lost; calls wait until it can. "
      "Check the disk of the data directory.",
      why.message);
  } else {
    logging::warn("The store still cannot write: {}", why.message);
  }
  schedule_reopen(self);
}

void flush(store_self self) {
  auto& st = self->state;
  st.flush_sent = false;
  if (st.broken || st.waiting.empty()) return;
  while (!st.gathered.empty()) {
    auto group = st.gathered.take();
    uint64_t bytes = 0;
    uint64_t long_bytes = 0;
    for (const auto& r : group.results) {
      bytes += r.text.size();
      if (r.long_text) long_bytes += r.long_text->bytes();
    }
    auto counts = st.db->commit(group);
    if (!counts) {
      st.gathered.put_back(std::move(group));
      return write_failed(self, counts.error());
    }
    st.disk->on_results(group.results.size(), bytes, long_bytes);
    for (auto& c : *counts) st.counts[c.batch] = c.progress;
  }
  // Everyone gets all counts: the newest of each batch is what they want.
  commit_reply reply;
  for (const auto& [batch, progress] : std::exchange(st.counts, {})) {
    reply.counts.push_back({batch, progress});
  }
  for (auto& promise : st.waiting) promise.deliver(reply);
  st.waiting.clear();
}

/// Runs one change that is not part of a group, after what was gathered before it.
template <class T, class F>
caf::result<T> change(store_self self, F&& f) {
  auto& st = self->state;
  flush(self);
  if (st.broken) {
    return caf::make_error(errc::unavailable,
                           std::string{"the disk cannot be written to now; try again later"});
  }
  result<T> done = f(*st.db);
  if (done) return std::move(*done);
  if (!is_callers_fault(done.error().kind)) write_failed(self, done.error());
  return to_caf(done.error());
}

} // namespace

store_actor::behavior_type store_behavior(store_self self, std::shared_ptr<storage::store> db,
                                          std::shared_ptr<disk_room> disk) {
  self->state.db = std::move(db);
  self->state.disk = std::move(disk);
  return {
    [self](commit_atom, const group_ptr& group) -> caf::result<commit_reply> {
      auto& st = self->state;
      st.gathered.add(std::move(*group));
      auto promise = self->make_response_promise<commit_reply>();
      st.waiting.push_back(promise);
      if (st.gathered.is_full()) {
        flush(self);
      } else if (!st.flush_sent) {
        st.flush_sent = true;
        self->send(self, flush_atom_v);
      }
      return promise;
    },
    [self](create_atom, const create_request& r) {
      return change<storage::created_batch>(
        self, [&](storage::store& s) { return s.create_batch(r.definition, r.same); });
    },
    [self](delete_atom, uint64_t file) {
      return change<storage::file_record>(self,
                                          [&](storage::store& s) { return s.delete_file(file); });
    },
    [self](state_atom, const state_change& c) {
      return change<storage::batch_record>(self, [&](storage::store& s) {
        return s.get_batch(c.batch).and_then([&](const storage::batch_record& b) {
          return storage::apply(b, c.change, c.reason, wall_now())
            .and_then([&](const storage::batch_state& next) -> result<storage::batch_record> {
              if (next == b.state) return b;
              return s.set_state(c.batch, next);
            });
        });
      });
    },
    [self](step_atom, const storage::validation_step& step) {
      return change<bool>(self, [&](storage::store& s) {
        return s.record_validation(step).map([] { return true; });
      });
    },
    [self](step_atom, const storage::validation_end& end) {
      return change<storage::batch_record>(
        self, [&](storage::store& s) -> result<storage::batch_record> {
          // A cancel may have come first: then it stands.
          auto b = s.get_batch(end.batch);
          if (!b || b->state.status != storage::batch_status::validating) return b;
          return s.end_validation(end);
        });
    },
    [self](step_atom, const selection_step& step) {
      return change<selection_step>(self, [&](storage::store& s) {
        return s.select_failed(step.retry, step.segment.value_or(0)).map([&](auto next) {
          return selection_step{step.retry, next};
        });
      });
    },
    [self](finish_atom, const unrun_lines& lines) {
      return change<storage::batch_record>(self, [&](storage::store& s) {
        return s.set_unrun(lines.batch, lines.segments, lines.bytes);
      });
    },
    [self](reload_atom) {
      if (self->state.db->takes_changes()) return;
      write_failed(self, error{errc::io_error, "an upload could not be written"});
    },
    [self](flush_atom) { flush(self); },
    [self](wakeup_atom) {
      auto& st = self->state;
      if (auto done = st.db->reopen(); !done) {
        logging::warn("The store still cannot write: {}", done.error().message);
        st.disk->write_failed(done.error());
        return schedule_reopen(self);
      }
      st.broken = false;
      flush(self); // what could not be written is the trial: opening alone needs little room
      if (st.broken) return;
      logging::info("The store writes again.");
      st.reopen_attempts = 0;
      st.disk->writes_again();
    },
  };
}

} // namespace perennial::actors
