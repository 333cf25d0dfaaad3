// Lines that wait until a time: between two attempts, or for a pause to end. A min-heap by that
// time, first in first out among equals.
//
// Removing a batch is lazy: its entries stay in the heap until they come up or outnumber the
// living, so that a cancelled batch with a hundred thousand waiting lines stops nobody.
#pragma once

#include "protocol/base/clock.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

namespace perennial::actors {

/// @tparam Batch names a batch. @tparam Line is what is kept of a line: small and cheap to move.
template <class Batch, class Line>
class wait_queue {
public:
  struct item {
    Batch batch;
    Line line;
  };

  void push(steady_time not_before, const Batch& batch, Line line) {
    auto [found, added] = batches_.try_emplace(batch);
    if (added) found->second.generation = ++generations_;
    ++found->second.size;
    ++size_;
    heap_.push_back({not_before, ++pushed_, found->second.generation, {batch, std::move(line)}});
    std::push_heap(heap_.begin(), heap_.end(), later{});
  }

  /// The line whose time came first, if it has come.
  std::optional<item> pop_due(steady_time now) {
    if (heap_.empty() || heap_.front().not_before > now) return std::nullopt;
    std::pop_heap(heap_.begin(), heap_.end(), later{});
    auto got = std::move(heap_.back().what);
    heap_.pop_back();
    --size_;
    auto found = batches_.find(got.batch);
    if (--found->second.size == 0) batches_.erase(found);
    drop_dead();
    return got;
  }

  /// When the next line is due; nothing when none waits.
  std::optional<steady_time> next_due() const {
    if (heap_.empty()) return std::nullopt;
    return heap_.front().not_before;
  }

  /// Forgets all lines of the batch; it may push new ones at once. @returns how many there were.
  size_t remove(const Batch& batch) {
    auto found = batches_.find(batch);
    if (found == batches_.end()) return 0;
    auto count = found->second.size;
    batches_.erase(found);
    size_ -= count;
    if (heap_.size() > 2 * size_ + few) {
      std::erase_if(heap_, [this](const entry& e) { return dead(e); });
      std::make_heap(heap_.begin(), heap_.end(), later{});
    } else {
      drop_dead();
    }
    return count;
  }

  bool empty() const noexcept { return size_ == 0; }
  size_t size() const noexcept { return size_; }
  size_t size(const Batch& batch) const {
    auto found = batches_.find(batch);
    return found == batches_.end() ? 0 : found->second.size;
  }

private:
  static constexpr size_t few = 1'024; ///< Dead entries that are not worth a sweep.

  struct entry {
    steady_time not_before;
    uint64_t number;
    uint64_t generation; ///< Of its batch: an entry of an older one is dead.
    item what;
  };
  struct later {
    bool operator()(const entry& a, const entry& b) const noexcept {
      return a.not_before != b.not_before ? a.not_before > b.not_before : a.number > b.number;
    }
  };
  struct waiting {
    uint64_t generation = 0;
    size_t size = 0;
  };

  bool dead(const entry& e) const {
    auto found = batches_.find(e.what.batch);
    return found == batches_.end() || found->second.generation != e.generation;
  }

  /// The first entry of the heap is always a living one.
  void drop_dead() {
    while (!heap_.empty() && dead(heap_.front())) {
      std::pop_heap(heap_.begin(), heap_.end(), later{});
      heap_.pop_back();
    }
  }

  std::vector<entry> heap_;
  std::unordered_map<Batch, waiting> batches_;
  size_t size_ = 0;
  uint64_t pushed_ = 0;
  uint64_t generations_ = 0;
};

} // namespace perennial::actors
