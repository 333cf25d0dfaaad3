// Who is next: weighted fairness by virtual time. Each member pays 1/weight for each turn; the one
// that has paid least is next. Who joins, or comes back after having had nothing, starts at the
// time of now, so that nobody saves turns up. A value.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <utility>

namespace perennial::actors {

class fair_share {
public:
  using member = uint64_t;

  void add(member id, uint32_t weight) {
    if (members_.contains(id)) return;
    members_[id] = {now_, 1.0 / std::max(weight, 1u)};
    order_.insert({now_, id});
  }

  void remove(member id) {
    const auto at = members_.find(id);
    if (at == members_.end()) return;
    order_.erase({at->second.paid, id});
    members_.erase(at);
  }

  /// The member whose turn it is among those that are `ready`, charged for one turn.
  template <class Ready>
  std::optional<member> next(Ready&& ready) {
    for (auto at = order_.begin(); at != order_.end(); ++at) {
      const auto id = at->second;
      if (!ready(id)) continue;
      auto& m = members_[id];
      const auto start = std::max(m.paid, now_);
      order_.erase(at);
      now_ = start;
      m.paid = start + m.cost;
      order_.insert({m.paid, id});
      return id;
    }
    return std::nullopt;
  }

private:
  struct account {
    double paid = 0; ///< Virtual time up to which it has had its turns.
    double cost = 1;
  };
  double now_ = 0;
  std::map<member, account> members_;
  std::set<std::pair<double, member>> order_;
};

} // namespace perennial::actors
