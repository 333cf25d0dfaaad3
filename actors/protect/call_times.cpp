#include "actors/protect/call_times.hpp"

#include <algorithm>
#include <cmath>

namespace perennial::actors {

namespace {

constexpr std::chrono::duration<double> half_life = std::chrono::minutes{10};
constexpr double heaviest = 1e9; // then all are made light again

} // namespace

void call_times::add(std::chrono::milliseconds took, steady_time now, uint32_t calls) noexcept {
  weigh(now);
  const auto ms = static_cast<double>(std::max<int64_t>(took.count(), 1));
  const auto bucket = static_cast<size_t>(std::log2(ms) * per_doubling);
  counts_[std::min(bucket, buckets - 1)] += weight_ * calls;
  sum_ += weight_ * calls;
  seen_ += calls;
}

std::optional<std::chrono::milliseconds> call_times::quantile(double q) const noexcept {
  if (seen_ < least_calls) return std::nullopt;
  double below = 0;
  size_t i = 0;
  while (i + 1 < buckets && (below += counts_[i]) < q * sum_) ++i;
  const auto upper = std::exp2(static_cast<double>(i + 1) / per_doubling);
  return std::chrono::milliseconds{static_cast<int64_t>(upper)};
}

void call_times::weigh(steady_time now) noexcept {
  if (!since_) since_ = now;
  if (now <= *since_) return;
  const auto passed = std::chrono::duration<double>(now - *since_) / half_life;
  since_ = now;
  // After a hundred half-lives nothing of the old is left to speak of.
  weight_ *= std::exp2(std::min(passed, 100.0));
  if (weight_ < heaviest) return;
  for (auto& c : counts_) c /= weight_;
  sum_ /= weight_;
  weight_ = 1;
}

} // namespace perennial::actors
