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

} // namespace perennial::actors
