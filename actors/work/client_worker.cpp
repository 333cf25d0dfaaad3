#include "actors/work/client_worker.hpp"

#include "actors/results/answered_line.hpp"
#include "actors/results/failed_line.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <algorithm>

namespace perennial::actors {

namespace {

/// The report of a call that was not made at all, since the connection was closed under it.
perennial::call_report not_made(const error& why) {
  perennial::call_report r;
  r.failure = transport_failure::aborted;
  r.detail = why.message;
  return r;
}

call_done_ptr make_call(const worker_peers& peers, item_ptr item) {
  auto done = std::make_shared<call_done>();
  done->worker = peers.number;
  const auto& definition = item->batch->definition;
  auto called = peers.connection->call(definition.endpoint, item->body);
  const auto report = called ? std::move(*called) : not_made(called.error());
  done->outcome = classify(report, {.url = peers.config.base_url,
                                    .key_env = peers.config.api_key_env,
                                    .model = item->model,
                                    .key_worked = peers.knowledge->key_worked(),
                                    .model_worked = peers.knowledge->model_worked(item->model)});
  done->answered = report.status != 0;
  done->response_bytes = report.body.size();
  if (done->outcome.kind == outcome_kind::success) peers.knowledge->on_success(item->model);
  done->disposition = decide(done->outcome, item->attempts, definition.max_attempts);
  if (done->outcome.ambiguous) item->ambiguous = true;
  const auto fate = done->disposition.fate;
  if (fate == line_fate::result || fate == line_fate::failed) {
    done->result = answered_line(*item, std::max(1u, done->disposition.attempts), report,
                                 done->outcome, peers.config.name);
  }
  done->item = std::move(item);
  return done;
}

} // namespace

worker_actor::behavior_type worker_behavior(worker_actor::stateful_pointer<worker_state> self,
                                            worker_peers peers) {
  self->state.peers = std::move(peers);
  return {
    [self](call_atom, item_ptr& item) {
      const auto& p = self->state.peers;
      self->send(p.supervisor, called_atom_v, make_call(p, std::move(item)));
    },
  };
}

} // namespace perennial::actors
