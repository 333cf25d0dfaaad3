// Reads the usage out of a body that was parsed already. For `.cpp` files of this folder only.
#pragma once

#include "protocol/jobs/usage.hpp"

#include <simdjson.h>

namespace perennial::jobs {

usage usage_of(const simdjson::dom::element& body);

} // namespace perennial::jobs
