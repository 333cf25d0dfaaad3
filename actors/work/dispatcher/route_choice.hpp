// Which of its targets a line goes to now: the first order that is open, and in it by weight.
//
// A target is passed over where the route allows failover, and it has been closed for longer than
// `failover_after`, or will be by its own word. Where all are closed a line waits at the first
// order. A target that is closed and wants to try some calls gets that many lines (`may_try`): else
// nobody would find out that it is back. A value.
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
  explicit route_choice(routes where);

  const routes& where() const { return routes_; }

  /// Nothing where no provider takes the model. The pointer lives as long as this.
  const route_target* choose(std::string_view model, steady_time now);

  void on_availability(const provider_availability& a);

  /// Whether a line of the model that lies at that provider should go elsewhere: it is passed over,
  /// and another one is not.
  bool should_leave(uint32_t provider, std::string_view model, steady_time now) const;

  /// Whether a line of the model that lies at that provider should go back to one of an earlier
  /// order, which takes lines.
  bool should_return(uint32_t provider, std::string_view model) const;

  /// Why that provider takes no line of the model now; null where it does.
  const closed_route* closed(uint32_t provider, std::string_view model) const;

  /// Whether that provider takes no line of any model.
  bool is_closed(uint32_t provider) const { return said_[provider].closed.has_value(); }

  /// As what a line of the model, which lies elsewhere, may go to that closed provider to try it:
  /// the whole of it, or that model. Null: it may not.
  const route_target* may_try(uint32_t provider, std::string_view model) const;

  /// Whether lines of some model ever may: some route allows it.
  bool may_ever_try(uint32_t provider) const { return tryable_[provider]; }

  /// Whether that provider wants lines to try single models with.
  bool wants_trials(uint32_t provider) const;

  /// It got a line to try this model with.
  void on_trial(const route_target& t, std::string_view model);

  /// When the next target will have been closed for long enough to be passed over.
  std::optional<steady_time> next_change(steady_time now) const;

private:
  static const route_target* target_of(const route& r, uint32_t provider);
  const closed_route* closed_at(const route_target& t, std::string_view model) const;
  bool passed_over(const route& r, const route_target& t, std::string_view model,
                   steady_time now) const;

  routes routes_;
  std::vector<provider_availability> said_;
  std::vector<bool> tryable_; ///< By provider.
  /// By route: each target's current weight, as nginx's smooth weighted round robin has it.
  std::vector<std::vector<int64_t>> turns_;
};

} // namespace perennial::actors
