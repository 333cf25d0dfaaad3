// The log: spdlog on standard error, one line an event, set up once by `main`.
// Never pass a key, an Authorization header or a prompt's text to it.
#pragma once

#include <spdlog/spdlog.h>

#include <string_view>

namespace perennial {

namespace logging = spdlog;

/// Sends the log to standard error. `level` is trace, debug, info, warn, error or off; anything
/// else counts as info. Under systemd (`$JOURNAL_STREAM`) the time is left to the journal.
void init_log(std::string_view level);

} // namespace perennial
