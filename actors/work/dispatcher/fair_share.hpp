// Whose turn is next: each batch gets its share by weight, however large it is and whenever it
// came.
//
// Every batch has a virtual time, which a line moves on by 1/weight; the batch that is behind goes
// next. The clock of the whole is the virtual time of the last one chosen. A batch that is added,
// or wakes, starts at that clock: it is owed nothing for the time in which it had no lines.
//
// Who comes while others are served has a head start: its first lines go before all others', so
// that ten lines beside ten million are done as if they were alone. The head starts of all come
// from one purse, which the other lines fill again, one for every three: however many small batches
// come, they take a quarter of the lines beyond their shares at most.
//
// All steps are O(log n) of those awake.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <unordered_map>

namespace perennial::actors {

/// @tparam Key names who shares: a batch's id, an API key's id.
template <class Key>
class fair_share {
public:
  /// Lines that go first of a batch that comes later; as many the purse holds at most.
  static constexpr uint32_t head_start = 64;

  /// Adds a batch, awake; one that is there already gets the new weight. A weight of 0 counts as 1.
  /// `may_lead`: it has a head start if others are served already.
  void add(const Key& key, uint32_t weight = 1, bool may_lead = true) {
    auto [found, added] = shares_.try_emplace(key);
    found->second.weight = std::clamp(weight, 1u, most_weight);
    if (!added) return;
    found->second.time = clock_;
    found->second.ahead = begun_ && may_lead ? head_start : 0;
    put(found->first, found->second);
  }

  void remove(const Key& key) {
    auto found = shares_.find(key);
    if (found == shares_.end()) return;
    take_out(found->first, found->second);
    shares_.erase(found);
  }

  /// Has no lines for now: is not asked about until it wakes. Cheaper than a `ready` that says no.
  void sleep(const Key& key) {
    if (auto found = shares_.find(key); found != shares_.end())
      take_out(found->first, found->second);
  }

  void wake(const Key& key) {
    auto found = shares_.find(key);
    if (found == shares_.end() || found->second.awake) return;
    found->second.time = std::max(found->second.time, clock_);
    put(found->first, found->second);
  }

  /// Who is next among those awake for whom `ready(key)` holds. Changes nothing: charge what is
  /// taken.
  template <class Ready>
  std::optional<Key> next(Ready ready) const {
    if (purse_ >= a_line_ahead) {
      for (const auto& at : newcomers_)
        if (ready(at.key)) return at.key;
    }
    for (const auto& at : order_)
      if (ready(at.key)) return at.key;
    return std::nullopt;
  }

  std::optional<Key> next() const {
    return next([](const Key&) { return true; });
  }

  /// `lines` of the batch, which was next, were handed out.
  void charge(const Key& key, uint64_t lines = 1) {
    auto found = shares_.find(key);
    if (found == shares_.end()) return;
    auto& share = found->second;
    begun_ = true;
    pay(share, lines);
    auto awake = share.awake;
    take_out(found->first, share);
    // One that was not ready while others went on is owed nothing for it.
    clock_ = std::max(clock_, share.time);
    share.time = clock_ + lines * (one_line / share.weight);
    if (awake) put(found->first, share);
  }

  bool contains(const Key& key) const { return shares_.contains(key); }
  size_t size() const noexcept { return shares_.size(); }
  size_t awake() const noexcept { return order_.size(); }

private:
  static constexpr uint64_t one_line = uint64_t{1} << 24; ///< Leaves room for 10^12 lines.
  static constexpr uint64_t a_line_ahead = 3;             ///< As many other lines pay for it.
  static constexpr uint32_t most_weight = 10'000;

  struct account {
    uint64_t time = 0;
    uint64_t turn = 0; ///< Among equals, whoever waits longest.
    uint32_t weight = 1;
    uint32_t ahead = 0; ///< Of its head start, what is left.
    bool awake = false;
  };
  struct place {
    uint64_t time;
    uint64_t turn;
    Key key;
    bool operator<(const place& other) const noexcept {
      return time != other.time ? time < other.time : turn < other.turn;
    }
  };

  void put(const Key& key, account& of) {
    of.turn = ++turns_;
    of.awake = true;
    order_.insert(place{of.time, of.turn, key});
    if (of.ahead > 0) newcomers_.insert(place{of.time, of.turn, key});
  }

  void take_out(const Key& key, account& of) {
    if (of.awake) order_.erase(place{of.time, of.turn, key});
    if (of.awake) newcomers_.erase(place{of.time, of.turn, key});
    of.awake = false;
  }

  /// A newcomer's lines are paid for from the purse while there is something in it, all others'
  /// lines fill it. Its head start is over after so many lines, whoever paid: else large batches
  /// that come together would leave nothing for a small one.
  void pay(account& of, uint64_t lines) {
    const bool from_purse = of.ahead > 0 && purse_ >= a_line_ahead;
    of.ahead -= static_cast<uint32_t>(std::min<uint64_t>(of.ahead, lines));
    purse_ = from_purse ? purse_ - std::min(purse_, lines * a_line_ahead)
                        : std::min(purse_ + lines, head_start * a_line_ahead);
  }

  std::unordered_map<Key, account> shares_;
  std::set<place> order_;
  std::set<place> newcomers_; ///< Of these, who has a head start left.
  uint64_t purse_ = head_start * a_line_ahead;
  uint64_t clock_ = 0;
  bool begun_ = false; ///< Somebody was served.
  uint64_t turns_ = 0;
};

} // namespace perennial::actors
