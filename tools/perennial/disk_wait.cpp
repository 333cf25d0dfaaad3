#include "tools/perennial/disk_wait.hpp"

#include "protocol/base/clock.hpp"
#include "tools/perennial/terminal.hpp"

#include <fmt/format.h>

#include <chrono>
#include <thread>

namespace perennial::tool {

namespace {

constexpr std::chrono::milliseconds look_again{250};
constexpr std::chrono::milliseconds nap{50}; // a signal must be heard

} // namespace

disk_wait::~disk_wait() {
  if (said_ && interrupts_.stops() == 0) say("There is room on the disk again: going on.");
}

bool disk_wait::wait(const error& why) {
  if (!said_) {
    clear_progress();
    say_warning(
      fmt::format("{}. Waiting for room; it goes on by itself when there is some. Ctrl-C stops it.",
                  why.message));
    said_ = true;
  }
  const auto until = steady_now() + look_again;
  while (interrupts_.stops() == 0 && steady_now() < until) std::this_thread::sleep_for(nap);
  return interrupts_.stops() == 0;
}

} // namespace perennial::tool
