// Whether results can be written where they are to go, before anything is asked of the service.
#pragma once

#include "protocol/base/error.hpp"

#include <string>

namespace perennial::tool {

/// `output`: empty or "-" is standard output, which is always good. `jobs`: the job file that it
/// must not replace ("-": standard input); empty: none. errc::invalid_input.
result<void> check_output(const std::string& output, const std::string& jobs = {});

} // namespace perennial::tool
