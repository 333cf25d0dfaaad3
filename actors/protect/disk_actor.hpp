// The disk_budget actor: looks at the disk ten times a second, and at once after a write error;
// what follows from what it sees stands in disk_budget.hpp. Detached: a disk may keep it waiting.
#pragma once

#include "actors/interfaces.hpp"
#include "actors/protect/disk_room.hpp"
#include "storage/inflight.hpp"

#include <memory>

namespace perennial::actors {

struct disk_peers {
  std::shared_ptr<disk_room> room;
  std::shared_ptr<storage::store> db;
  std::shared_ptr<storage::inflight> calls_out;
  store_actor writer;
};

struct disk_state {
  disk_peers peers;
  directory_ptr supervisors; ///< Null until they are there.
  disk_status told;          ///< What the log and the supervisors know.
  static inline const char* name = "disk_budget";
};

disk_actor::behavior_type disk_behavior(disk_actor::stateful_pointer<disk_state> self,
                                        disk_peers peers);

} // namespace perennial::actors
