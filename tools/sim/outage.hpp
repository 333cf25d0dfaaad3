// When the provider is away: the windows planned on the command line, counted from the start of the
// process, and one that may be set while it runs. A value; the caller brings the time.
#pragma once

#include "protocol/base/clock.hpp"
#include "protocol/base/error.hpp"

#include <optional>
#include <string_view>
#include <vector>

namespace perennial::sim {

/// One outage, from `start` (after the start of the process) for `duration`.
struct outage_window {
  std::chrono::nanoseconds start{};
  std::chrono::nanoseconds duration{};
};

/// Reads "START:DURATION", as "10s:60s".
result<outage_window> parse_outage(std::string_view text);

/// All outages. `ordered_until` is the one that was asked for at run time: steady_time::max() until
/// it is called off.
struct outage_schedule {
  steady_time started{};
  std::vector<outage_window> planned;
  std::optional<steady_time> ordered_until;

  bool down(steady_time now) const;
  /// The next moment after `now` at which `down` may change.
  std::optional<steady_time> next_change(steady_time now) const;
};

} // namespace perennial::sim
