// Bytes out of the budget, held for as long as the object lives. Made by the memory actor; may die
// on any thread, and after the actor.
#pragma once

#include "actors/interfaces.hpp"

#include <caf/actor_cast.hpp>
#include <caf/send.hpp>

namespace perennial::actors {

class memory_grant {
public:
  memory_grant(const memory_actor& from, memory_class kind, uint64_t bytes)
    : from_(caf::actor_cast<caf::actor_addr>(from))
    , kind_(kind)
    , bytes_(bytes) {}
  memory_grant(const memory_grant&) = delete;
  memory_grant& operator=(const memory_grant&) = delete;
  ~memory_grant() {
    if (auto alive = caf::actor_cast<caf::strong_actor_ptr>(from_)) {
      caf::anon_send(caf::actor_cast<memory_actor>(alive), release_atom_v, kind_, bytes_);
    }
  }

  uint64_t bytes() const { return bytes_; }

private:
  caf::actor_addr from_; // weak: a grant must not keep the actor alive
  memory_class kind_;
  uint64_t bytes_;
};

} // namespace perennial::actors
