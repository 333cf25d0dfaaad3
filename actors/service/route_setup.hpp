// From the configuration to where lines go.
#pragma once

#include "actors/service/config.hpp"
#include "actors/work/dispatcher/routes.hpp"

namespace perennial::actors {

/// [[models]] first, then the providers' own patterns. The configuration has been checked.
routes routes_of(const service_config& config);

} // namespace perennial::actors
