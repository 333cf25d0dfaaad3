#include "actors/protect/circuit_breaker.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace perennial::actors {

circuit_breaker::circuit_breaker(breaker_config config)
  : config_(config) {}

int64_t circuit_breaker::slot_of(steady_time t) const {
  return t.time_since_epoch() / (std::chrono::duration_cast<steady_time::duration>(config_.window) /
                                 static_cast<int64_t>(buckets));
}

void circuit_breaker::move_to(breaker_phase to, std::string reason, steady_time now) {
  changes_.push_back({now, phase_, to, reason});
  if (changes_.size() > changes_kept) changes_.pop_front();
  phase_ = to;
  reason_ = std::move(reason);
  ++epoch_;
}

void circuit_breaker::open(std::string reason, steady_time now, double jitter) {
  const auto doublings = std::min(times_opened_, 16u);
  const auto plain = std::min(config_.open_cap, config_.open_first * (int64_t{1} << doublings));
  const auto factor = 1.0 + config_.open_jitter * (2.0 * jitter - 1.0);
  const auto wait = std::chrono::duration_cast<std::chrono::milliseconds>(plain * factor);
  ++times_opened_;
  open_until_ = now + wait;
  refused_ = 0;
  window_ = {};
  move_to(breaker_phase::open, std::move(reason), now);
}

void circuit_breaker::count(bool failed, steady_time now) {
  const auto slot = slot_of(now);
  auto& b = window_[static_cast<size_t>(slot % static_cast<int64_t>(buckets))];
  if (b.slot != slot) b = {slot, 0, 0};
  ++b.calls;
  b.failures += failed ? 1 : 0;
}

bool circuit_breaker::window_failed(steady_time now) const {
  const auto oldest = slot_of(now) - static_cast<int64_t>(buckets) + 1;
  uint32_t calls = 0;
  uint32_t failures = 0;
  for (const auto& b : window_) {
    if (b.slot < oldest) continue;
    calls += b.calls;
    failures += b.failures;
  }
  return calls >= config_.window_calls &&
         static_cast<double>(failures) >= config_.failure_share * static_cast<double>(calls);
}

bool circuit_breaker::on_outcome(uint32_t epoch, effect e, bool connection_failure, steady_time now,
                                 double jitter) {
  if (epoch != epoch_) return false;
  if (e == effect::neutral) return on_returned(epoch);
  const bool failed = e == effect::failure;
  switch (phase_) {
  case breaker_phase::open: return false;
  case breaker_phase::half_open:
    if (failed) {
      open("a probe failed", now, jitter);
      return true;
    }
    if (++stage_successes_ < config_.stages[stage_]) return false;
    stage_successes_ = 0;
    if (++stage_ < config_.stages.size()) {
      stage_permits_ = config_.stages[stage_];
      ++epoch_;
      return true;
    }
    times_opened_ = 0;
    move_to(breaker_phase::closed, {}, now);
    return true;
  case breaker_phase::closed: break;
  }
  refused_ = failed && connection_failure ? refused_ + 1 : 0;
  count(failed, now);
  if (refused_ >= config_.refused_in_a_row) {
    open(fmt::format("{} connections in a row could not be made", refused_), now, jitter);
    return true;
  }
  if (failed && window_failed(now)) {
    open(fmt::format("at least {:.0f} % of the last calls failed", config_.failure_share * 100),
         now, jitter);
    return true;
  }
  return false;
}

bool circuit_breaker::on_returned(uint32_t epoch) {
  if (epoch != epoch_ || phase_ != breaker_phase::half_open) return false;
  ++stage_permits_; // one more may go out in this stage
  return true;
}

bool circuit_breaker::on_tick(steady_time now) {
  if (phase_ != breaker_phase::open || now < open_until_) return false;
  stage_ = 0;
  stage_successes_ = 0;
  stage_permits_ = config_.stages[0];
  move_to(breaker_phase::half_open, std::move(reason_), now);
  return true;
}

void circuit_breaker::reset(steady_time now) {
  times_opened_ = 0;
  refused_ = 0;
  window_ = {};
  if (phase_ != breaker_phase::closed) move_to(breaker_phase::closed, {}, now);
}

gate circuit_breaker::current_gate() const {
  gate g;
  g.epoch = epoch_;
  g.state = phase_;
  g.reason = reason_;
  switch (phase_) {
  case breaker_phase::closed: g.permits = unlimited; break;
  case breaker_phase::open:
    g.permits = 0;
    g.next_probe = open_until_;
    break;
  case breaker_phase::half_open: g.permits = stage_permits_; break;
  }
  return g;
}

std::optional<steady_time> circuit_breaker::next_wakeup() const {
  if (phase_ == breaker_phase::open) return open_until_;
  return std::nullopt;
}

} // namespace perennial::actors
