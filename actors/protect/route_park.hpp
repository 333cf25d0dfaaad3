// What to do when a call shows that the set-up is wrong, not the line: a wrong key, a spent quota,
// a wrong URL, an unknown model. The lines wait and none is failed by it. Either the whole key of a
// provider is parked or one model of it; now and then one real line is let out as a probe, after 5
// s doubling to 60 s, so that the run goes on by itself when things are mended.
//
//   open ── park ──▶ parked ── a probe succeeds, or resume by hand ──▶ open
//                    │    ▲
//             5…60 s ▼    │ the probe fails, or says nothing
//                    one probe
//
// A value that its owner asks before each call and tells each outcome. A call is tagged with the
// epoch in which it was let out; outcomes of calls from before a park or a resume do not count.
#pragma once

#include "actors/protect/backoff.hpp"

#include "protocol/base/clock.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace perennial::actors {

enum class park_kind : uint8_t {
  wrong_key,     ///< 401; 403 before any success with this key.
  quota_spent,   ///< 402, or a 429 that waiting does not cure.
  wrong_route,   ///< 404, 405, unknown model, before any success.
  redirected,    ///< 3xx: the key is never sent along.
  dying_workers, ///< Too many of the provider's workers died (restart_policy.hpp).
};

/// "wrong_key", "quota_spent" and so on.
std::string_view to_string(park_kind kind) noexcept;

/// Stands for the whole key where a model is asked for. A line that names no model is of the key.
inline constexpr std::string_view whole_key = "";

struct park_config {
  backoff probe{.first = std::chrono::seconds{5}, .max = std::chrono::seconds{60}};
  std::chrono::milliseconds ask_again{500}; ///< At the soonest.
  size_t most_models = 256; ///< Job files may name any number of models: the table must not grow.
};

/// The state of one park, to be shown, and to be pushed to those who hand out lines.
struct parked_route {
  std::string model; ///< Empty: the whole key.
  park_kind kind = park_kind::wrong_key;
  std::string reason; ///< What is wrong and what to do, for people. Never a secret.
  steady_time since;
  uint32_t permits = 0;   ///< Probes that may be let out now: 0 or 1.
  steady_time next_probe; ///< When the next one is due.
  uint32_t probes = 0;    ///< Let out so far.
  bool probing = false;   ///< One is out, and has not failed yet.
  uint32_t epoch = 0;     ///< In which it was parked.
};

class route_park {
public:
  enum class effect : uint8_t {
    none,    ///< Nothing changed: the outcome is of an earlier epoch, or it is parked already.
    changed, ///< Newly parked: raise the alarm.
    full,    ///< Too many models are parked: let the line back off on its own.
  };

  explicit route_park(park_config config = {}) noexcept;

  /// The epoch to tag calls with that are let out now.
  uint32_t epoch() const noexcept { return epoch_; }

  bool nothing_parked() const noexcept { return parked_.empty(); }

  /// The park of this model, or of the whole key; null where it has none.
  const parked_route* find(std::string_view model) const;

  /// Whether a line of `model` may be let out. Cheap when nothing is parked.
  bool may_call(std::string_view model) const;

  /// When a line of `model` that may not be let out should ask again: at the next probe, or soon
  /// where one is out, whose answer may open the way for all.
  steady_time ask_again(std::string_view model, steady_time now) const;

  /// A line of `model` is let out: takes the permits of the probe, if it is one.
  void take(std::string_view model, steady_time now);

  /// The outcome of a call let out in `epoch` says: park `model`, or whole_key.
  effect park(std::string_view model, park_kind kind, std::string reason, uint32_t epoch,
              steady_time now);

  /// A call of `model` let out in `epoch` succeeded: its key and its model are in order; with
  /// whole_key, that the key is good and no more. @returns whether anything was parked.
  bool on_success(std::string_view model, uint32_t epoch);

  /// A line of `model` was let out and never sent: its probe permit is good again.
  bool on_returned(std::string_view model, uint32_t epoch);

  /// Gives out the probes that are due. @returns whether any was.
  bool on_tick(steady_time now);

  /// When to call on_tick; nothing while nothing is parked or every probe is waiting to be taken.
  std::optional<steady_time> next_wakeup() const;

  /// By hand: whole_key resumes everything. @returns whether anything was parked.
  bool resume(std::string_view model = whole_key);

  /// The key's park first, then those of its models by name.
  std::vector<parked_route> parked() const;

private:
  using routes = std::map<std::string, parked_route, std::less<>>;

  template <class F>
  void with_each(std::string_view model, F f);

  park_config config_;
  routes parked_;
  uint32_t epoch_ = 1;
  uint32_t resumed_ = 0; ///< Outcomes of calls from before this epoch park nothing.
};

} // namespace perennial::actors
