#include "tools/perennial/remote/remote_command.hpp"

#include "tools/perennial/remote/batch_text.hpp"
#include "tools/perennial/terminal.hpp"

namespace perennial::tool {

void add_url_option(CLI::App& command, std::string& url) {
  command
    .add_option("--url", url,
                fmt::format("The service [PERENNIAL_URL, else {}]", default_service_url))
    ->type_name("URL");
}

int give_up(const error& e) {
  clear_progress();
  if (e.kind == errc::cancelled) {
    say(e.message);
  } else {
    say_error(e.message);
  }
  return exit_status(e);
}

} // namespace perennial::tool
