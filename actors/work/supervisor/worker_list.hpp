// The workers of a provider, for people: `perennial workers` and /v1/workers show it.
#pragma once

#include "actors/interfaces.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace perennial::actors {

struct worker_view {
  uint32_t number = 0;
  worker_actor handle;
  bool retiring = false; ///< Replaced as soon as its call has ended.
  /// The line that it works on.
  std::optional<storage::batch_id> batch = {};
  storage::line_no line = 0;
  std::chrono::milliseconds age{0}; ///< In this state: of the call, or of being idle.
  uint64_t calls = 0;
  uint32_t restarts = 0;
};

struct worker_list {
  std::string provider;
  std::vector<worker_view> workers;
};

} // namespace perennial::actors
