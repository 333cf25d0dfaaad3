// A client worker: owns one keep-alive connection, makes one call at a time, and turns the answer
// into a result line on its own thread. After a good answer it goes on with the next line from the
// shelf, if there is one; else it waits for its supervisor. Detached, since the call blocks. It
// decides nothing but what a pure function tells it (`classify`, `decide`).
#pragma once

#include "actors/interfaces.hpp"
#include "actors/protect/answer_room.hpp"
#include "actors/service/config.hpp"
#include "actors/work/call_key.hpp"
#include "actors/work/supervisor/shelf.hpp"
#include "actors/work/supervisor/tray.hpp"
#include "protocol/provider/caller.hpp"
#include "storage/inflight.hpp"
#include "storage/store.hpp"

#include <atomic>
#include <memory>

namespace perennial::actors {

struct worker_peers {
  uint32_t number = 0; ///< Tells the supervisor who speaks.
  provider_config config;
  /// Shared with the supervisor, which may abort a call.
  std::shared_ptr<caller> connection;
  std::shared_ptr<answer_room> answers;
  std::shared_ptr<storage::store> db; ///< Takes long answers.
  uint64_t spill_over = 0;            ///< Those of more bytes.
  std::shared_ptr<storage::inflight> calls_out;
  std::shared_ptr<shelf> ready;
  std::shared_ptr<tray> finished;
  supervisor_actor supervisor;
  std::shared_ptr<const std::atomic<bool>> retiring; ///< Set: take nothing from the shelf.
};

struct worker_state {
  worker_peers peers;
  static inline const char* name = "client_worker";
};

worker_actor::behavior_type worker_behavior(worker_actor::stateful_pointer<worker_state> self,
                                            worker_peers peers);

} // namespace perennial::actors
