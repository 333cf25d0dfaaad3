#include "actors/protect/outcome_window.hpp"

#include <algorithm>

namespace perennial::actors {

outcome_window::outcome_window(std::chrono::milliseconds span) noexcept
  : width_(width_of(span)) {}

steady_time::duration outcome_window::width_of(std::chrono::milliseconds span) noexcept {
  return std::max<steady_time::duration>(span / buckets, std::chrono::milliseconds{1});
}

void outcome_window::set_span(std::chrono::milliseconds span, steady_time now) noexcept {
  advance(now);
  width_ = width_of(span);
  newest_ = now.time_since_epoch() / width_;
  counts_.fill({});
  bucket(newest_) = sum_;
}

void outcome_window::add(const outcome_counts& counts, steady_time now) noexcept {
  advance(now);
  bucket(newest_) += counts;
  sum_ += counts;
}

const outcome_counts& outcome_window::totals(steady_time now) noexcept {
  advance(now);
  return sum_;
}

void outcome_window::clear() noexcept {
  counts_.fill({});
  sum_ = {};
}

void outcome_window::advance(steady_time now) noexcept {
  auto number = now.time_since_epoch() / width_;
  if (number <= newest_) return; // also for a `now` that was read a little earlier than the last
  for (auto n = std::max(newest_ + 1, number - buckets + 1); n <= number; ++n) {
    sum_ -= bucket(n);
    bucket(n) = {};
  }
  newest_ = number;
}

outcome_counts& outcome_window::bucket(int64_t number) noexcept {
  return counts_[static_cast<size_t>(((number % buckets) + buckets) % buckets)];
}

} // namespace perennial::actors
