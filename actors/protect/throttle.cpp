#include "actors/protect/throttle.hpp"

#include <algorithm>
#include <cmath>

namespace perennial::actors {

namespace {

/// Tokens gather for this long at most: the burst after a quiet time.
constexpr double burst_ms = 1000;

} // namespace

throttle::throttle(throttle_config config)
  : config_(config) {}

void throttle::on_throttled(std::optional<std::chrono::milliseconds> wait, steady_time now) {
  if (paused_until_ && *paused_until_ > now && !wait) return; // calls of the same wave
  if (!wait) {
    wait =
      std::min(config_.pause_cap, config_.pause_first * (int64_t{1} << std::min(pauses_, 16u)));
    ++pauses_;
  }
  const auto until = now + *wait;
  paused_until_ = paused_until_ ? std::max(*paused_until_, until) : until;
}

bool throttle::on_used(uint32_t n, steady_time now) {
  if (config_.requests_per_minute == 0) return false;
  on_tick(now);
  tokens_ -= n;
  return true;
}

void throttle::on_tick(steady_time now) {
  if (paused_until_ && *paused_until_ <= now) paused_until_.reset();
  if (config_.requests_per_minute == 0) return;
  if (filled_at_ != steady_time{}) {
    const std::chrono::duration<double, std::milli> passed = now - filled_at_;
    const auto full = std::max(1.0, per_ms() * burst_ms);
    tokens_ = std::min(full, tokens_ + passed.count() * per_ms());
  }
  filled_at_ = now;
}

permits throttle::current_permits() const {
  permits p;
  p.in_flight_limit = in_flight_limit_;
  p.calls = config_.requests_per_minute == 0
              ? unlimited
              : static_cast<int64_t>(std::max(0.0, std::floor(tokens_)));
  p.paused_until = paused_until_;
  return p;
}

std::optional<steady_time> throttle::next_wakeup(steady_time now) const {
  std::optional<steady_time> when = paused_until_;
  if (config_.requests_per_minute > 0 && tokens_ < 1.0) {
    const auto ms = std::max(1.0, std::ceil((1.0 - tokens_) / per_ms()));
    const auto at = now + std::chrono::milliseconds{static_cast<int64_t>(ms)};
    when = when ? std::min(*when, at) : at;
  }
  return when;
}

} // namespace perennial::actors
