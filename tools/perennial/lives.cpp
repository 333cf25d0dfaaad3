#include "tools/perennial/lives.hpp"

#include "actors/protect/restart_policy.hpp"
#include "protocol/base/log.hpp"
#include "tools/perennial/exit_code.hpp"
#include "tools/perennial/terminal.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <thread>

namespace perennial::tool {

namespace {

/// More than a thread takes to end that is about to.
constexpr std::chrono::seconds threads_patience{5};

} // namespace

int live_on(const std::function<life_end()>& live, const death_listener& tell) {
  actors::restart_policy restarts{actors::whole_tree};
  for (;;) {
    const auto end = live();
    if (!end.died) return end.status;
    const auto verdict = restarts.on_death(steady_now(), 0.5);
    tell(*end.died, verdict.park);
    if (verdict.park) return unreachable;
    std::this_thread::sleep_for(verdict.delay);
  }
}

void end_process(int status) {
  logging::shutdown(); // writes out what it holds
  std::fflush(nullptr);
  std::_Exit(status);
}

void take_down(std::unique_ptr<actors::service> stopped, const life_end& end,
               const process_end& end_now) {
  if (stopped->threads_ended(threads_patience)) return;
  logging::warn("a call does not come back, not even after it was aborted; the process ends "
                "without its thread, nothing is lost");
  if (end.died) {
    say_error(
      fmt::format("{} has died, and a call that does not come back keeps the data "
                  "directory in use. Nothing is lost: start the same command again to go on",
                  *end.died));
  }
  // Its destructor would wait for the thread, and a next life finds the data directory in use.
  (void)stopped.release();
  end_now(end.died ? int{unreachable} : end.status);
}

} // namespace perennial::tool
