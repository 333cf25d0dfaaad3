#include "actors/protect/concurrency_limit.hpp"

#include <algorithm>

namespace perennial::actors {

concurrency_limit::concurrency_limit(concurrency_config config)
  : config_(config)
  , limit_(config.start)
  , ramp_from_(config.start) {}

uint32_t concurrency_limit::current() const {
  if (config_.fixed != 0) return config_.fixed;
  return std::max(1u, static_cast<uint32_t>(limit_));
}

void concurrency_limit::on_success(uint32_t in_flight, steady_time now) {
  if (config_.fixed != 0 || in_flight * 2 < current()) return; // not in use: it tells nothing
  if (ramp_start_ == steady_time{} || now - ramp_start_ >= config_.ramp) {
    ramp_start_ = now;
    ramp_from_ = limit_;
  }
  const auto ceiling = std::min<double>(config_.maximum, ramp_from_ * 2);
  limit_ = std::min(ceiling, limit_ + 1.0);
}

void concurrency_limit::on_shrink(steady_time now) {
  if (config_.fixed != 0) return;
  if (last_shrink_ != steady_time{} && now - last_shrink_ < config_.shrink_pause) return;
  last_shrink_ = now;
  limit_ = std::max(1.0, limit_ * 0.9);
  ramp_start_ = now;
  ramp_from_ = limit_;
}

} // namespace perennial::actors
