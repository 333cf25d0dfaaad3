// The root: watches every actor that the service cannot do without. They keep no secret that is not
// on disk, so the answer to the death of one is the same for all: the whole tree is ended and begun
// anew by whoever owns the service (docs/supervision.md).
#pragma once

#include "actors/interfaces.hpp"

#include <caf/typed_event_based_actor.hpp>

#include <functional>
#include <map>
#include <string>
#include <vector>

namespace perennial::actors {

/// ROOT: only watches. Internal: the service is being stopped, deaths are no news from now on.
using root_actor = caf::typed_actor<caf::reacts_to<drain_atom, bool>>;

struct watched_actor {
  std::string name; ///< For people.
  caf::actor handle;
};

struct root_state {
  std::map<caf::actor_addr, std::string> watched;
  bool stopping = false;
  static inline const char* name = "root";
};

/// `on_death` hears a sentence, on the root's thread: who died, and of what.
root_actor::behavior_type root_behavior(root_actor::stateful_pointer<root_state> self,
                                        std::vector<watched_actor> whom,
                                        std::function<void(std::string)> on_death);

} // namespace perennial::actors
