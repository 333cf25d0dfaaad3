// Keys and models that only a person can mend (a wrong key, a wrong URL, a model that is not
// there): their lines wait instead of failing. One line in a while goes out as a probe, so that the
// run goes on by itself when the cause is gone. A value.
//
//   parked ──(5 s, doubling to 60 s)──▶ one probe ──success──▶ open
//     ▲                                    │
//     └──────── the same answer ───────────┘
#pragma once

#include "protocol/base/clock.hpp"

#include <chrono>
#include <map>
#include <optional>
#include <string>

namespace perennial::actors {

class route_park {
public:
  static constexpr std::chrono::milliseconds probe_first{5'000};
  static constexpr std::chrono::milliseconds probe_cap{60'000};
  /// Models parked one by one; beyond that the whole key is.
  static constexpr size_t models_kept = 256;

  struct verdict {
    bool go = true;
    steady_time next_probe{};
  };

  bool empty() const { return !key_ && models_.empty(); }
  /// Whether a line of this model may go out now; a probe counts as out.
  verdict admit(const std::string& model, steady_time now);
  void park_key(std::string reason, steady_time now);
  void park_route(const std::string& model, std::string reason, steady_time now);
  void on_success(const std::string& model);
  /// The call told nothing about the key or the model (a 503, say): a probe of theirs may go out
  /// soon.
  void on_other(const std::string& model, steady_time now);
  /// By hand: everything is tried again at once.
  void resume();

  /// The sentence for people; empty where nothing is parked.
  std::string reason() const;

private:
  struct parked {
    std::string reason;
    std::chrono::milliseconds interval = probe_first;
    steady_time next_probe{};
    bool probing = false;
  };
  static void park(parked& p, std::string reason, steady_time now);

  std::optional<parked> key_;
  std::map<std::string, parked> models_;
};

} // namespace perennial::actors
