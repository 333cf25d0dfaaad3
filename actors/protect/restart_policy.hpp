// What a supervisor does when a worker dies: replace it after a backoff with jitter, or, when too
// many died in a while, stop replacing and raise an alarm (park the provider). One per provider,
// and one for the whole tree of actors.
#pragma once

#include "actors/protect/backoff.hpp"

#include "protocol/base/clock.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>

namespace perennial::actors {

struct restart_config {
  uint32_t most_deaths = 10; ///< Within the window; one more parks.
  std::chrono::milliseconds window{60'000};
  backoff delay{.first = std::chrono::milliseconds{100}, .max = std::chrono::seconds{10}};
  double delay_spread = 0.5;
};

/// For the whole tree, after the death of an actor that it cannot do without: three times in a
/// minute, then the process ends and its service manager decides.
inline constexpr restart_config whole_tree{
  .most_deaths = 3,
  .window = std::chrono::milliseconds{60'000},
  .delay = {.first = std::chrono::milliseconds{100}, .max = std::chrono::seconds{10}},
  .delay_spread = 0.5};

struct restart_decision {
  bool park = false;                  ///< Too many died: replace none until somebody resumes.
  std::chrono::milliseconds delay{0}; ///< Else: replace it after this.

  friend bool operator==(const restart_decision&, const restart_decision&) = default;
};

class restart_policy {
public:
  explicit restart_policy(restart_config config = {}) noexcept
    : config_(config) {}

  /// A worker died at `now`, not because it was told to. `jitter` in [0, 1).
  restart_decision on_death(steady_time now, double jitter) {
    forget(now);
    deaths_.push_back(now);
    if (deaths_.size() > config_.most_deaths) {
      deaths_.pop_front(); // never more than can matter
      return {.park = true};
    }
    auto before = static_cast<uint32_t>(deaths_.size() - 1);
    return {.park = false,
            .delay = spread(config_.delay.after(before), config_.delay_spread, jitter)};
  }

  /// Deaths within the window.
  size_t deaths(steady_time now) {
    forget(now);
    return deaths_.size();
  }

  /// By hand, or after a probe of the parked provider succeeded.
  void reset() noexcept { deaths_.clear(); }

private:
  void forget(steady_time now) {
    while (!deaths_.empty() && now - deaths_.front() > config_.window) deaths_.pop_front();
  }

  restart_config config_;
  std::deque<steady_time> deaths_;
};

} // namespace perennial::actors
