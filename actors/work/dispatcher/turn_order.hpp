// Whose line is next, of all batches that want one provider.
//
//   owners     share equally, however many batches each has
//   └ priority the higher one first, strictly
//     └ batches share by weight (fair_share.hpp); those with a deadline pool their share and
//               spend it on the earliest deadline
//
// So a batch without a deadline loses nothing to those with one. Whoever comes later, an owner or a
// batch, has a head start, so that ten lines beside ten million are done as if alone. A value.
// Choosing looks at owners and batches in order of their turn until one is ready.
#pragma once

#include "actors/work/dispatcher/fair_share.hpp"
#include "protocol/base/clock.hpp"
#include "storage/ids.hpp"

#include <limits>
#include <map>
#include <optional>
#include <set>
#include <utility>

namespace perennial::actors {

/// What decides about a batch's turn.
struct batch_standing {
  uint64_t owner = 0;
  int32_t priority = 0;
  uint32_t weight = 1;
  wall_time deadline{}; ///< Epoch: none.
};

class turn_order {
public:
  /// The next line is one of `batch`, and `account` pays for it.
  struct turn {
    storage::batch_id batch = 0;
    storage::batch_id account = 0;
  };

  void add(storage::batch_id id, const batch_standing& s) {
    if (!standings_.emplace(id, s).second) return;
    owners_.add(s.owner);
    auto& c = classes_[{s.owner, -int64_t{s.priority}}];
    // What is given to one with a deadline goes to the earliest: that is no newcomer.
    c.share.add(id, s.weight, s.deadline == wall_time{});
    if (s.deadline != wall_time{}) c.by_deadline.emplace(s.deadline, id);
  }

  void remove(storage::batch_id id) {
    const auto found = standings_.find(id);
    if (found == standings_.end()) return;
    const auto s = found->second;
    standings_.erase(found);
    const auto at = classes_.find({s.owner, -int64_t{s.priority}});
    at->second.share.remove(id);
    at->second.by_deadline.erase({s.deadline, id});
    if (at->second.share.size() == 0) classes_.erase(at);
    const auto left = classes_.lower_bound({s.owner, std::numeric_limits<int64_t>::min()});
    if (left == classes_.end() || left->first.first != s.owner) owners_.remove(s.owner);
  }

  /// Among those for whom `ready(id)` holds. Changes nothing: charge what is taken.
  template <class Ready>
  std::optional<turn> next(Ready ready) const {
    std::optional<turn> out;
    owners_.next([&](uint64_t owner) {
      out = next_of(owner, ready);
      return out.has_value();
    });
    return out;
  }

  /// A line of that turn was handed out.
  void charge(const turn& t) {
    const auto found = standings_.find(t.account);
    if (found == standings_.end()) return;
    const auto& s = found->second;
    owners_.charge(s.owner);
    classes_.at({s.owner, -int64_t{s.priority}}).share.charge(t.account);
  }

private:
  /// The batches of one owner and one priority.
  struct batch_class {
    fair_share<storage::batch_id> share;
    std::set<std::pair<wall_time, storage::batch_id>> by_deadline;
  };

  template <class Ready>
  std::optional<turn> next_of(uint64_t owner, Ready& ready) const {
    auto at = classes_.lower_bound({owner, std::numeric_limits<int64_t>::min()});
    for (; at != classes_.end() && at->first.first == owner; ++at) {
      if (auto t = next_in(at->second, ready)) return t;
    }
    return std::nullopt;
  }

  template <class Ready>
  std::optional<turn> next_in(const batch_class& c, Ready& ready) const {
    std::optional<storage::batch_id> urgent;
    for (const auto& [deadline, id] : c.by_deadline) {
      if (!ready(id)) continue;
      urgent = id;
      break;
    }
    const auto account = c.share.next([&](storage::batch_id id) {
      return standings_.at(id).deadline == wall_time{} ? ready(id) : urgent.has_value();
    });
    if (!account) return std::nullopt;
    const bool pooled = standings_.at(*account).deadline != wall_time{};
    return turn{pooled ? *urgent : *account, *account};
  }

  std::map<storage::batch_id, batch_standing> standings_;
  fair_share<uint64_t> owners_;
  /// By owner, then from the highest priority down.
  std::map<std::pair<uint64_t, int64_t>, batch_class> classes_;
};

} // namespace perennial::actors
