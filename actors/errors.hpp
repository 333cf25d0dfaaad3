// How the project's errors travel between actors: as a caf::error of category "perennial" with the
// sentence as its context.
#pragma once

#include "protocol/base/error.hpp"

#include <caf/error.hpp>
#include <caf/make_message.hpp>

CAF_ERROR_CODE_ENUM(perennial::errc, "perennial")

namespace perennial::actors {

caf::error to_caf(const error& e);

/// Also turns CAF's own errors (a peer that is gone, a request that timed out) into ours.
error from_caf(const caf::error& e);

/// Whether what was asked for could not be done, and the store is as good as before.
constexpr bool is_callers_fault(errc kind) {
  return kind == errc::invalid_input || kind == errc::not_found || kind == errc::conflict ||
         kind == errc::unsupported;
}

} // namespace perennial::actors
