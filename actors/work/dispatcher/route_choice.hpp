// Which of its targets a line goes to now: the first order that is open, and in it by weight.
//
// A target is passed over where the route allows failover, and it has been closed for longer than
// `failover_after`, or will be by its own word. Where all are closed a line waits at the first
// order. A target that is closed and wants to try some calls gets that many lines: else nobody
// would find out that it is back. A value.
#pragma once

#include "actors/work/dispatcher/routes.hpp"
#include "actors/work/provider_availability.hpp"

#include <map>
#include <optional>
#include <string_view>
#include <vector>

namespace perennial::actors {

class route_choice {
public:
  explicit route_choice(routes where)
    : routes_(std::move(where))
    , said_(routes_.size())
    , turns_(routes_.all().size()) {}

  const routes& where() const { return routes_; }

  /// Nothing where no provider takes the model. The pointer lives as long as this.
  const route_target* choose(std::string_view model, steady_time now);

  void on_availability(const provider_availability& a);

  /// Whether a line of the model that lies at that provider should go elsewhere: it is passed over,
  /// and another one is not.
  bool should_leave(uint32_t provider, std::string_view model, steady_time now) const;

  /// That provider as a target of the model; null where it is none.
  const route_target* target_of(uint32_t provider, std::string_view model) const;

  /// Whether lines of some route leave that provider now.
  bool is_left(uint32_t provider, steady_time now) const;

  /// Why that provider takes no line of the model now; null where it does.
  const closed_route* closed(uint32_t provider, std::string_view model) const;

  /// Lines that this provider wants for trying, taken once.
  uint32_t take_trial(uint32_t provider);

  /// When the next target will have been closed for long enough to be passed over.
  std::optional<steady_time> next_change(steady_time now) const;

private:
  const closed_route* closed_at(const route_target& t, std::string_view model) const;
  bool passed_over(const route& r, const route_target& t, std::string_view model,
                   steady_time now) const;

  routes routes_;
  std::vector<provider_availability> said_;
  /// By route: each target's current weight, as nginx's smooth weighted round robin has it.
  std::vector<std::vector<int64_t>> turns_;
};

} // namespace perennial::actors
