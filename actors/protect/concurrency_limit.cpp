#include "actors/protect/concurrency_limit.hpp"

#include <algorithm>

namespace perennial::actors {

namespace {

constexpr double doubling = 2.0;       // at most, within ten seconds
constexpr double soft_approach = 0.01; // a second, of the limit that failed

int64_t second_of(steady_time t) {
  return std::chrono::floor<std::chrono::seconds>(t.time_since_epoch()).count();
}

} // namespace

concurrency_limit::concurrency_limit(concurrency_config config, steady_time now)
  : config_(config)
  , last_growth_(now)
  , newest_(second_of(now)) {
  config_.min = std::max(config_.min, 1u);
  config_.max = std::max(config_.max, config_.min);
  limit_ = config_.fixed ? std::max(*config_.fixed, 1u)
                         : std::clamp(config_.start, config_.min, config_.max);
  held_ = limit_;
  past_.fill(limit_);
}

bool concurrency_limit::on_success(uint32_t in_flight, steady_time now, uint32_t calls) {
  if (config_.fixed || calls == 0) return false;
  roll(now);
  if (!in_use(in_flight)) return false;
  auto before = limit();
  held_ = std::max(held_, ten_seconds_ago());
  limit_ = std::clamp<double>(highest(calls, now), limit_, config_.max);
  if (failed_at_ && limit_ >= *failed_at_) failed_at_.reset();
  last_growth_ = now;
  return limit() != before;
}

double concurrency_limit::highest(uint32_t calls, steady_time now) noexcept {
  auto unproven = doubling * ten_seconds_ago();
  if (failed_at_) {
    auto passed = std::min(std::chrono::duration<double>(now - last_growth_).count(), 1.0);
    auto softly = limit_ + soft_approach * *failed_at_ * passed;
    unproven = std::min(unproven, std::max(softly, config_.shrink_to * *failed_at_));
  }
  return std::min(limit_ + calls, std::max(held_, unproven));
}

bool concurrency_limit::on_shrink(steady_time sent, uint32_t in_flight, steady_time now) {
  if (config_.fixed) return false;
  if (last_shrink_ && (sent < *last_shrink_ || now - *last_shrink_ < config_.shrink_pause))
    return false;
  roll(now);
  auto before = limit();
  auto overload = in_use(in_flight);
  if (overload) failed_at_ = limit_;
  limit_ = std::max<double>(config_.min, limit_ * config_.shrink_to);
  if (overload) held_ = std::min(held_, limit_);
  for (auto& second : past_) second = std::min(second, limit_);
  last_shrink_ = now;
  last_growth_ = now;
  return limit() != before;
}

void concurrency_limit::roll(steady_time now) noexcept {
  auto second = second_of(now);
  if (second <= newest_) return;
  for (auto n = std::max(newest_ + 1, second - slots + 1); n <= second; ++n) past(n) = limit_;
  newest_ = second;
}

double& concurrency_limit::past(int64_t second) noexcept {
  auto slot = ((second % slots) + slots) % slots;
  return past_[static_cast<size_t>(slot)];
}

} // namespace perennial::actors
