// The store actor: the only writer of what is stored. Detached: it blocks in syncs.
//
// Group commit needs no timer: the first result that comes sends `flush` to the actor itself,
// behind everything that is in its mailbox already; what arrives while a sync runs makes the next
// groups. How much one group takes is decided in commit_backlog.hpp.
#pragma once

#include "actors/interfaces.hpp"
#include "actors/protect/disk_room.hpp"
#include "actors/work/commit_backlog.hpp"

#include <map>
#include <memory>
#include <vector>

namespace perennial::actors {

struct store_state {
  std::shared_ptr<storage::store> db;
  std::shared_ptr<disk_room> disk; ///< Hears of results and write errors; keeps the ballast.
  commit_backlog gathered;
  /// Newest counts of the batches whose groups are on disk and were not told of yet.
  std::map<storage::batch_id, storage::batch_progress> counts;
  /// Who waits for `gathered` to be on disk.
  std::vector<caf::typed_response_promise<commit_reply>> waiting;
  bool flush_sent = false;
  bool broken = false; ///< A write failed; nothing is written until a reopen succeeds.
  uint32_t reopen_attempts = 0;
  static inline const char* name = "store";
};

store_actor::behavior_type store_behavior(store_actor::stateful_pointer<store_state> self,
                                          std::shared_ptr<storage::store> db,
                                          std::shared_ptr<disk_room> disk);

} // namespace perennial::actors
