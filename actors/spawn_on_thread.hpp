// Actors with a thread of their own, where the system may have none to give.
#pragma once

#include <caf/actor_registry.hpp>
#include <caf/actor_system.hpp>
#include <caf/spawn_options.hpp>

#include <memory>
#include <optional>
#include <system_error>
#include <thread>
#include <tuple>
#include <type_traits>
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
/// none: so both counts are taken back. The bare actor stays in memory, without what it was to
/// be given: where threads are scarce ask `thread_is_to_be_had` first.
template <caf::spawn_options Os, class Self, class Behavior, class Actor, class... Params,
          class... Ts>
auto spawn_on_thread(Self* self, Behavior (*behave)(Actor, Params...), Ts&&... args) {
  using arguments = std::tuple<std::decay_t<Params>...>;
  const auto given =
    std::make_shared<std::optional<arguments>>(std::in_place, std::forward<Ts>(args)...);
  const auto begin = [behave, given](Actor actor) -> Behavior {
    auto all = *std::exchange(*given, std::nullopt);
    return std::apply([&](auto&... each) { return behave(actor, std::move(each)...); }, all);
  };
  std::optional<decltype(self->template spawn<Os + caf::detached>(begin))> out;
  try {
    out = self->template spawn<Os + caf::detached>(begin);
  } catch (const std::system_error&) {
    given->reset();
    self->home_system().dec_detached_threads();
    self->home_system().registry().dec_running();
  }
  return out;
}

} // namespace perennial::actors
