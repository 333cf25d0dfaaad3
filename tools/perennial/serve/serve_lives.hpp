// What `serve` does once all is settled: the service and its gateway on one address, begun anew
// when a part of it dies, until somebody ends it.
#pragma once

#include "actors/gateway/gateway.hpp"
#include "tools/perennial/lives.hpp"
#include "tools/perennial/serve/config_file.hpp"
#include "tools/perennial/signals.hpp"

#include <functional>
#include <string>

namespace perennial::tool {

struct serve_host {
  serve_settings& settings;       ///< Each life starts with these.
  actors::gateway_options& where; ///< The first life fills in the port, the next ones keep it.
  std::string port_file;          ///< Where to write it; may be empty.
  signals& interrupts;
  std::function<void(actors::service&)> on_reload; ///< At each SIGHUP.
  /// Each life, once it takes requests.
  std::function<void(actors::service&)> on_start = [](actors::service&) {};
  process_end end_now = end_process;
};

/// @returns the exit status.
int serve_lives(serve_host& host);

/// "error: …", and the status of a command that was used wrongly.
int refuse(const error& e);

} // namespace perennial::tool
