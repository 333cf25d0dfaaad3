#include "tools/perennial/serve/service_manager.hpp"

#include <fmt/format.h>
#include <systemd/sd-daemon.h>

namespace perennial::tool {

void tell_ready(std::string_view where) {
  (void)::sd_notify(0, fmt::format("READY=1\nSTATUS=listening on {}", where).c_str());
}

void tell_stopping() { (void)::sd_notify(0, "STOPPING=1\nSTATUS=calls in flight may end"); }

void tell_alive() { (void)::sd_notify(0, "WATCHDOG=1"); }

} // namespace perennial::tool
