// Whether the system would give one more thread.
#pragma once

#include <system_error>
#include <thread>

namespace perennial {

/// A thread that cannot be had throws in the middle of spawning an actor on it, after which the
/// actor system waits for ever for one that never ran. So ask before.
inline bool thread_is_to_be_had() {
  try {
    std::thread{[] {}}.join();
    return true;
  } catch (const std::system_error&) {
    return false;
  }
}

} // namespace perennial
