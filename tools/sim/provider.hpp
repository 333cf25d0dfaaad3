// The fake provider itself: its settings, its memory of prompts and its counts, shared by all
// loops. Thread-safe; every call holds one lock for well under a microsecond.
#pragma once

#include "protocol/base/clock.hpp"
#include "protocol/base/error.hpp"
#include "tools/sim/prompt_ledger.hpp"
#include "tools/sim/rate_limit.hpp"
#include "tools/sim/settings.hpp"
#include "tools/sim/stats.hpp"

#include <nlohmann/json_fwd.hpp>

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

namespace perennial::sim {

/// What happens to a request: a limit turns it away, or the dice fell.
struct verdict {
  std::optional<refusal> refused;
  std::chrono::nanoseconds wait{}; ///< until the limit has room
  fault fate = fault::none;
  std::chrono::nanoseconds latency{};
};

class provider {
public:
  explicit provider(settings s);

  /// The settings in force. Loops keep what they got until `version` changes.
  std::shared_ptr<const settings> current() const;
  uint64_t version() const { return version_.load(std::memory_order_acquire); }
  /// Changes settings, then calls `on_change`; the error is a sentence for the client.
  result<void> control(const nlohmann::json& changes, steady_time now);
  /// Wakes the loops. Set once, before they run.
  void on_change(std::function<void()> wake) { wake_ = std::move(wake); }

  /// A loop has taken up this version of the settings; `stats` says "settled" once all have.
  void applied(size_t loop, uint64_t version);

  void connected();
  void disconnected();

  /// A request for a model came; `left` follows once its reply is out or its connection is gone.
  void arrived();
  void left();
  void refused(refusal why);
  /// Applies the limits and, where they let it through, rolls the dice for the prompt.
  verdict judge(const settings& s, uint64_t prompt, steady_time now);
  void answered(uint64_t prompt);

  nlohmann::json stats() const;
  /// Counts and the memory of prompts begin anew, as after a start. What is open stays counted.
  void reset_stats();

private:
  mutable std::mutex mutex_;
  std::shared_ptr<const settings> settings_;
  std::atomic<uint64_t> version_{1};
  std::vector<uint64_t> applied_; ///< the version that each loop has taken up
  std::function<void()> wake_;
  prompt_ledger ledger_;
  rate_limit rpm_;
  counters counters_;
};

} // namespace perennial::sim
