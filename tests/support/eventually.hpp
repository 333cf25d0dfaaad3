// Waiting for what another process brings about.
#pragma once

#include "tests/support/child_process.hpp"

#include <chrono>
#include <thread>

namespace perennial::test {

/// Looks until it is so; false when patience is over.
template <class Look>
bool eventually(Look is_so) {
  const auto until = std::chrono::steady_clock::now() + child_process::patience;
  while (!is_so()) {
    if (std::chrono::steady_clock::now() > until) return false;
    std::this_thread::yield();
  }
  return true;
}

} // namespace perennial::test
