// What a service manager is told of the daemon's life (systemd's Type=notify); nothing where there
// is none.
#pragma once

#include <string_view>

namespace perennial::tool {

void tell_ready(std::string_view where);
void tell_stopping();
/// Call this now and then while all is well.
void tell_alive();

} // namespace perennial::tool
