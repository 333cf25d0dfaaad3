#include "actors/protect/probe_actor.hpp"

#include <caf/typed_event_based_actor.hpp>

namespace perennial::actors {

namespace {

constexpr std::chrono::seconds between{1};
constexpr std::chrono::seconds patience{2};

} // namespace

probe_actor::behavior_type probe_behavior(probe_actor::stateful_pointer<probe_state> self,
                                          std::shared_ptr<perennial::connection> connection,
                                          breaker_actor breaker) {
  self->state.connection = std::move(connection);
  self->state.breaker = std::move(breaker);
  self->send(self, wakeup_atom_v);
  return {
    [self](wakeup_atom) {
      const auto& st = self->state;
      self->send(st.breaker, available_atom_v, st.connection->can_connect(patience));
      self->delayed_send(self, between, wakeup_atom_v);
    },
  };
}

} // namespace perennial::actors
