// A request to an actor from a thread that is none: it waits for the answer.
#pragma once

#include "actors/errors.hpp"

#include <caf/actor_system.hpp>
#include <caf/scoped_actor.hpp>

#include <chrono>
#include <utility>

namespace perennial::actors {

/// The answer, or the error as ours. Costs some 50 µs: for people's requests, not for lines.
template <class R, class Handle, class... Ts>
result<R> ask(caf::actor_system& system, const Handle& whom, std::chrono::milliseconds timeout,
              Ts&&... message) {
  caf::scoped_actor self{system};
  result<R> out = fail(errc::internal, "no answer");
  self->request(whom, timeout, std::forward<Ts>(message)...)
    .receive([&](R& answer) { out = std::move(answer); },
             [&](caf::error& e) { out = tl::unexpected{from_caf(e)}; });
  return out;
}

} // namespace perennial::actors
