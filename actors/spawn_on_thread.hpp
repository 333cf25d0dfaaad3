// Actors with a thread of their own, where the system may have none to give.
#pragma once

#include <caf/actor_registry.hpp>
#include <caf/actor_system.hpp>
#include <caf/spawn_options.hpp>

#include <optional>
#include <system_error>
#include <thread>
#include <utility>

namespace perennial::actors {

/// Whether the system would give one more thread now. Costs one.
inline bool thread_is_to_be_had() {
  try {
    std::thread{[] {}}.join();
    return true;
  } catch (const std::system_error&) {
    return false;
  }
}

/// Spawns a detached actor; nothing where there is no thread for it. CAF 0.17 counts an actor as
/// running before it asks for its thread, and at its end would wait for ever for one that has
/// none: so both counts are taken back. The actor's memory is not, so where threads are scarce ask
/// `thread_is_to_be_had` first.
template <caf::spawn_options Os, class Self, class F, class... Ts>
auto spawn_on_thread(Self* self, F f, Ts&&... args) {
  using handle = decltype(self->template spawn<Os + caf::detached>(f, std::forward<Ts>(args)...));
  std::optional<handle> out;
  try {
    out = self->template spawn<Os + caf::detached>(f, std::forward<Ts>(args)...);
  } catch (const std::system_error&) {
    self->home_system().dec_detached_threads();
    self->home_system().registry().dec_running();
  }
  return out;
}

} // namespace perennial::actors
