#include "actors/work/client_worker.hpp"

#include "actors/results/answered_line.hpp"
#include "actors/results/failed_line.hpp"

#include <caf/typed_event_based_actor.hpp>

namespace perennial::actors {

namespace {

/// Which attempt this is, as results count them.
uint32_t attempt_of(const work_item& item) { return item.attempts + 1; }

call_done_ptr make_call(const worker_peers& peers, item_ptr item) {
  auto done = std::make_shared<call_done>();
  done->worker = peers.number;
  const auto& definition = item->batch->definition;
  auto report = peers.connection->call(definition.endpoint, item->body);
  done->outcome =
    provider::classify(report, peers.knowledge->history(item->model), peers.connection->settings());
  done->took = report.took;
  done->response_bytes = report.body.size();
  done->reused_connection = report.reused;
  if (done->outcome.kind == provider::outcome_kind::success) {
    peers.knowledge->on_success(item->model);
  }
  done->disposition = provider::decide(done->outcome, item->attempts, definition.max_attempts);
  if (done->outcome.ambiguous) item->ambiguous = true;
  switch (done->disposition) {
  case provider::disposition::result:
  case provider::disposition::failed:
    done->result = answered_line(*item, attempt_of(*item), report, done->outcome, peers.provider);
    break;
  case provider::disposition::retry:
  case provider::disposition::give_back: break;
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
