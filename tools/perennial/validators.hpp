// Option values that several commands read alike.
#pragma once

#include <CLI/CLI.hpp>

#include <string>

namespace perennial::tool {

/// "512MiB" becomes the number of bytes.
CLI::Validator byte_amount();

/// A number of calls at once, from 1; "auto" becomes 0.
CLI::Validator call_count();

/// "10m" and the like; the text stays as it is.
CLI::Validator duration();

} // namespace perennial::tool
