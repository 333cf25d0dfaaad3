#include "actors/work/supervisor/client_worker.hpp"

#include "actors/errors.hpp"
#include "actors/results/answered_line.hpp"
#include "actors/results/failed_line.hpp"
#include "actors/results/spilled_line.hpp"
#include "actors/work/supervisor/call_verdict.hpp"
#include "protocol/base/crash_stack.hpp"
#include "protocol/jobs/json_text.hpp"
#include "protocol/jobs/replace_model.hpp"

#include <caf/logger.hpp>
#include <caf/typed_event_based_actor.hpp>
#include <fmt/format.h>

#include <algorithm>

namespace perennial::actors {

namespace {

/// What an answer may say that it cost; more is a mistake, and must not stop a key for long.
constexpr uint64_t most_tokens = 10'000'000;

/// The report of a call that was not made at all, since the connection was closed under it.
call_report not_made(const error& why) {
  call_report r;
  r.failure = transport_failure::aborted;
  r.detail = why.message;
  return r;
}

/// Notes that the call goes out, and when. @returns whether it is the line's first.
bool mark_out(const worker_peers& peers, work_item& item) {
  const auto old_slot = item.slot; // from an earlier process
  const auto slot = peers.calls_out->take(item.batch->id, item.line, item.crashes);
  item.slot = slot.value_or(no_slot); // full: the call is made, only not counted as out
  if (old_slot != no_slot) peers.calls_out->free(old_slot);
  item.sent = steady_now();
  if (item.first_call != wall_time{}) return false;
  item.first_call = wall_now();
  return true;
}

/// The body with the provider's own name of the model; empty where that is the line's.
std::string renamed_body(const work_item& item) {
  if (!item.renamed) return {};
  auto replaced = jobs::replace_model(jobs::with_padding(item.body), item.model);
  return replaced ? std::move(replaced->body) : std::string{};
}

/// Puts a long answer on disk. Where that fails the report says so.
std::optional<storage::line_result> end_spill(spilled_line& spill, const work_item& item,
                                              call_report& report) {
  auto line = spill.finish(item.attempts + 1, report); // a good answer uses one
  if (line) return std::move(*line);
  report.failure = transport_failure::not_kept;
  report.detail = line.error().message;
  return std::nullopt;
}

/// What there is to say of a line whose time is over.
std::string last_words(const work_item& item, const outcome& o, bool called) {
  if (item.last_error.empty()) return o.message;
  return called ? fmt::format("{}; before that: {}", o.message, item.last_error) : item.last_error;
}

void note_cost(call_done& done) {
  const auto& used = done.result->tokens;
  if (used.input + used.output > 0) done.tokens = std::min(used.input + used.output, most_tokens);
}

call_done_ptr make_call(const worker_peers& peers, item_ptr item) {
  const bool first = mark_out(peers, *item);
  auto done = std::make_shared<call_done>();
  done->worker = peers.number;
  const auto& definition = item->batch->definition;
  done->memory = std::make_shared<answer_share>(peers.answers);
  std::optional<steady_time> until;
  if (const auto left = time_left(*item, wall_now())) until = item->sent + *left;
  const auto& key = *item->key;
  auto& knowledge = *key.knowledge;
  const auto renamed = renamed_body(*item);
  std::optional<spilled_line> spill;
  if (peers.db) spill.emplace(*peers.db, *item, peers.config.name);
  const bool too_late = until && *until <= item->sent;
  result<call_report> called = fail(errc::timed_out, "its time was over before it went out again");
  if (!too_late) {
    called = peers.connection->call(definition.endpoint,
                                    renamed.empty() ? item->body : std::string_view{renamed},
                                    {.until = until,
                                     .memory = done->memory.get(),
                                     .key = &key.from.text,
                                     .spill = spill ? &*spill : nullptr,
                                     .spill_over = peers.spill_over});
  }
  auto report = called ? std::move(*called) : not_made(called.error());
  std::optional<storage::line_result> long_result;
  if (report.spilled > 0 && report.failure == transport_failure::none)
    long_result = end_spill(*spill, *item, report);
  const bool cut = was_cut(report, until, steady_now());
  if (cut) say_cut(report);
  done->outcome = classify(report, {.url = peers.config.base_url,
                                    .key_env = key.from.variable,
                                    .key_file = key.from.file,
                                    .model = item->model,
                                    .key_worked = knowledge.key_worked(),
                                    .model_worked = knowledge.model_worked(item->model),
                                    .provider = peers.config.name});
  if (cut) note_silence(done->outcome, report, definition.line_deadline);
  if (item->trial && is_free_trial(done->outcome, report.status, item->failed_trials))
    done->outcome.attempt_used = false;
  // A line's time begins when a provider gets it, not while none can be reached.
  if (first && !report.sent) item->first_call = {};
  done->took = std::chrono::duration_cast<std::chrono::milliseconds>(report.duration);
  done->limits = report.limits;
  done->answered = report.status != 0;
  done->response_bytes = report.body.size() + report.spilled;
  if (done->outcome.kind == outcome_kind::success) knowledge.on_success(item->model);
  if (done->outcome.ambiguous) item->ambiguous = true;
  done->disposition = decide(done->outcome, item->attempts, definition.max_attempts);
  auto& fate = done->disposition.fate;
  const bool ended_by_it = cut && done->outcome.kind != outcome_kind::never_sent;
  if (ended_by_it || (fate == line_fate::retry && is_overdue(*item, wall_now()))) {
    fate = line_fate::failed;
    item->attempts = done->disposition.attempts;
    done->result = overdue_line(*item, last_words(*item, done->outcome, !too_late));
  } else if (fate == line_fate::result && long_result) {
    done->result = std::move(long_result);
  } else if (fate == line_fate::result || fate == line_fate::failed) {
    done->result = answered_line(*item, std::max(1u, done->disposition.attempts), report,
                                 done->outcome, peers.config.name);
    note_cost(*done);
  }
  done->memory->shrink_to(done->result ? done->result->text.capacity() : 0);
  done->item = std::move(item);
  // Where the provider says that nothing is left, the next one is not taken without asking.
  if (fate == line_fate::result && !*peers.retiring && !done->limits.wait())
    done->next = peers.ready->take(peers.number);
  return done;
}

} // namespace

worker_actor::behavior_type worker_behavior(worker_actor::stateful_pointer<worker_state> self,
                                            worker_peers peers) {
  // CAF notes which actor runs on a thread for its logger, which we do not use, under one spinlock:
  // with 4,000 threads on two cores, half of the time went there. This takes the thread out of it.
  caf::logger::set_current_actor_system(nullptr);
  self->set_exception_handler([](std::exception_ptr& thrown) {
    try {
      std::rethrow_exception(thrown);
    } catch (const std::exception& e) {
      return to_caf({errc::internal, e.what()}); // its supervisor logs it
    } catch (...) {
      return to_caf({errc::internal, "something that is no exception was thrown"});
    }
  });
  self->state.peers = std::move(peers);
  return {
    [self](call_atom, item_ptr& item) {
      const auto& p = self->state.peers;
      thread_local const crash_stack for_handlers;
      while (item) {
        auto done = make_call(p, std::move(item));
        item = done->next;
        // Without a next line this worker waits for one.
        const bool urgent = item == nullptr || done->outcome.kind != outcome_kind::success;
        if (p.finished->put(std::move(done), urgent))
          self->send(p.supervisor, called_atom_v, false);
      }
    },
  };
}

} // namespace perennial::actors
