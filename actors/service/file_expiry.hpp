// Deletes uploaded files whose time has come: at the start, and then every minute. Batches that
// still need the bytes keep them, as with every deletion.
#pragma once

#include "actors/interfaces.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <memory>
#include <vector>

namespace perennial::actors {

/// FILE_EXPIRY: internal: look, and again in a while.
using expiry_actor = caf::typed_actor<caf::reacts_to<wakeup_atom>>;

/// The files whose `expires` is not after `now`, oldest first.
result<std::vector<storage::file_id>> expired_files(const storage::store& db, wall_time now);

expiry_actor::behavior_type expiry_behavior(expiry_actor::pointer self,
                                            std::shared_ptr<const storage::store> db,
                                            store_actor writer);

} // namespace perennial::actors
