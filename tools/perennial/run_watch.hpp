// A run that goes: what its steps share, and the look-out until the batch is at its end.
#pragma once

#include "actors/service/service.hpp"
#include "storage/ids.hpp"
#include "tools/perennial/run_command.hpp"
#include "tools/perennial/signals.hpp"

#include <chrono>
#include <optional>
#include <string>

namespace perennial::tool {

/// How long an actor may take to answer.
inline constexpr std::chrono::seconds request_timeout{60};

/// The parts of one run that its steps share.
struct running {
  const run_options& options;
  signals& interrupts;
  actors::service& service;
  steady_time started;      ///< Of the command.
  uint64_t done_before = 0; ///< Results that earlier invocations made.
};

/// Says it on standard error, unless --quiet.
void narrate(const running& r, const std::string& line);

/// Shows how the batch gets on until it is at its end (nothing), the user stops it, or nothing ever
/// answers (the exit status).
std::optional<int> watch(running& r, storage::batch_id id);

} // namespace perennial::tool
