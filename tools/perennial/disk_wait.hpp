// Waiting for room on a disk, as a person sees it: said once what is waited for, and once that it
// goes on. Ctrl-C ends it.
#pragma once

#include "protocol/base/error.hpp"
#include "tools/perennial/signals.hpp"

#include <string>

namespace perennial::tool {

class disk_wait {
public:
  explicit disk_wait(const signals& interrupts)
    : interrupts_(interrupts) {}
  /// Says that it goes on, where it was said that it waits.
  ~disk_wait();
  disk_wait(const disk_wait&) = delete;
  disk_wait& operator=(const disk_wait&) = delete;

  /// Says what is waited for, unless that was said last, and waits a moment. False: the user wants
  /// to stop.
  bool wait(const error& why);

private:
  const signals& interrupts_;
  bool said_ = false;
};

/// Tries until it fails for another reason than want of room. errc::cancelled: the user has stopped
/// it.
template <class F>
auto when_there_is_room(const signals& interrupts, F&& attempt) -> decltype(attempt()) {
  disk_wait waiting{interrupts};
  for (;;) {
    auto done = attempt();
    if (done || done.error().kind != errc::no_space) return done;
    if (!waiting.wait(done.error())) {
      return fail(errc::cancelled, "stopped while it waited for room on the disk; run the same "
                                   "command again to go on");
    }
  }
}

} // namespace perennial::tool
