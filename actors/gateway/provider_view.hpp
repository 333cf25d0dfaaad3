// A provider as the API shows it: breaker, throttles, parks.
#pragma once

#include "actors/protect/details.hpp"

#include <nlohmann/json_fwd.hpp>

namespace perennial::actors {

/// Times as seconds since the Unix epoch, waits in seconds. `now` and `wall` are the same moment.
nlohmann::ordered_json view_of(const provider_details& p, steady_time now, wall_time wall);

} // namespace perennial::actors
