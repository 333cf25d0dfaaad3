// Open files: each call in flight holds a connection. The soft limit is often 1,024.
#pragma once

#include "actors/service/config.hpp"
#include "protocol/base/error.hpp"

namespace perennial::actors {

/// Raises the soft limit to the hard one. errc::invalid_input where the configured concurrency
/// cannot fit even then.
result<void> raise_file_limit(const service_config& config);

/// So many calls at once leave open files for everything else.
uint64_t most_calls_by_files();

} // namespace perennial::actors
