// What the commands that talk to a running service share.
#pragma once

#include "tools/perennial/commands.hpp"
#include "tools/perennial/remote/api_client.hpp"

#include <string>

namespace perennial::tool {

/// Adds --url.
void add_url_option(CLI::App& command, std::string& url);

/// Says what went wrong; returns the exit status.
int give_up(const error& e);

} // namespace perennial::tool
