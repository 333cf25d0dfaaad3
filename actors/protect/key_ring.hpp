// A provider's keys, which share its load: each with its own throttle and its own parks. A 429
// pauses one key, a wrong or spent one is parked alone; lines go out with the key that has the most
// room. A value, asked before each call and told each outcome.
#pragma once

#include "actors/protect/permits.hpp"
#include "actors/protect/route_park.hpp"
#include "actors/protect/throttle.hpp"

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace perennial::actors {

class key_ring {
public:
  struct slot {
    throttle_permits says; ///< Nothing goes out before its throttle spoke.
    permit_counter calls;
    permit_counter tokens;
    route_park parked;
    uint32_t in_flight = 0;
  };

  struct choice {
    std::optional<uint32_t> key; ///< To call with now.
    bool parked = false;         ///< None, since all are parked for the model.
  };

  explicit key_ring(uint32_t keys)
    : slots_(keys) {}

  uint32_t size() const { return static_cast<uint32_t>(slots_.size()); }
  slot& at(uint32_t key) { return slots_[key]; }
  const slot& at(uint32_t key) const { return slots_[key]; }

  void on_permits(uint32_t key, const throttle_permits& p);

  /// A call with this key met a 429: no more, until its throttle has heard of it.
  void on_throttled(uint32_t key, steady_time now);

  /// Whether some key has room for a call, whatever the model.
  bool has_room(steady_time now) const;

  /// Why nothing goes out: each key is paused, parked as a whole, or has used up its rates for
  /// long.
  struct standstill {
    bool parked = false;                   ///< Some key is.
    std::optional<steady_time> until = {}; ///< When the first one that is not goes on.
    bool asked = false;                    ///< By the provider; else a rate is used up.
    uint32_t probes = 0;                   ///< Lines that are wanted to try parked keys with.
  };
  /// Nothing while some key may go.
  std::optional<standstill> stopped(steady_time now) const;

  /// The key for a line of `model`.
  choice pick(std::string_view model, steady_time now) const;

  /// A line of `model` is to go out with this key, and is the probe of its park where it has one.
  /// @returns the epoch of the parks to tag it with.
  uint32_t stamp(uint32_t key, std::string_view model, steady_time now);

  /// It goes out, and is taken to cost so many tokens.
  void goes_out(uint32_t key, int64_t tokens);

  /// It came back, and cost so many tokens more than that (or fewer).
  void comes_back(uint32_t key, int64_t more_tokens);

  /// No limit, pause or park of any key holds lines up.
  bool flows_freely(steady_time now) const;

  /// How many more calls of so many tokens the rates of all keys let out now.
  int64_t let_out_by_rates(int64_t tokens_a_call, steady_time now) const;

  /// Calls in flight that all keys together bear.
  uint32_t in_flight_limit() const;

  /// When a pause ends that has not yet, or a parked key or model is to be tried again.
  std::optional<steady_time> next_change(steady_time now) const;

  /// When a line of `model`, for which all keys are parked, should ask again.
  steady_time ask_again(std::string_view model, steady_time now) const;

  /// Gives out the parks' probes that are due.
  void on_tick(steady_time now);

  /// Whether no key may be used for this model.
  bool all_parked(std::string_view model) const;

  /// Lines of such a model that are wanted now, to try whether it is back.
  uint32_t probes_of(std::string_view model) const;

  /// By hand: no key is parked any more.
  void resume();

private:
  static bool has_room(const slot& s, steady_time now);

  std::vector<slot> slots_;
};

} // namespace perennial::actors
