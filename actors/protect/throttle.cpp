#include "actors/protect/throttle.hpp"

#include <algorithm>

namespace perennial::actors {

namespace {

// At a high rate tokens are handed out in portions, not one a message.
constexpr std::chrono::milliseconds portion{50};

} // namespace

throttle::throttle(throttle_config config, steady_time now)
  : config_(config)
  , concurrency_(config.concurrency, now)
  , requests_(config.requests_per_minute, now) {
  refresh(now);
}

bool throttle::on_used(uint32_t calls, steady_time now) {
  requests_.use(calls, now);
  return refresh(now);
}

bool throttle::on_success(const call_timing& call, steady_time now) {
  concurrency_.on_success(call.in_flight, now, call.calls);
  if (!paused_until_ || call.sent >= *paused_until_) pauses_ = 0;
  return refresh(now);
}

bool throttle::on_throttled(std::optional<std::chrono::milliseconds> wait, const call_timing& call,
                            steady_time now) {
  concurrency_.on_shrink(call.sent, call.in_flight, now);
  auto answered = pause_began_ && call.sent < *pause_began_; // the pause was for this one too
  if (wait && wait->count() > 0) {
    auto until = now + std::min(*wait, config_.longest_wait);
    if (!paused_until_ || *paused_until_ < now) pause_began_ = now;
    paused_until_ = std::max(paused_until_.value_or(until), until);
  } else if (!answered) {
    auto until = now + config_.pause.after(pauses_++);
    pause_began_ = now;
    paused_until_ = std::max(paused_until_.value_or(until), until);
  }
  return refresh(now);
}

bool throttle::on_overload(const call_timing& call, steady_time now) {
  concurrency_.on_shrink(call.sent, call.in_flight, now);
  return refresh(now);
}

bool throttle::on_tick(steady_time now) { return refresh(now); }

bool throttle::set_in_flight(uint32_t calls, steady_time now) {
  auto& c = config_.concurrency;
  c.fixed = calls == 0 ? std::nullopt : std::optional{calls};
  if (!c.fixed) c.start = std::clamp(concurrency_.limit(), c.start, c.max); // from where it is
  concurrency_ = concurrency_limit{c, now};
  return refresh(now);
}

std::optional<steady_time> throttle::next_wakeup(steady_time now) const {
  if (permits_.paused_until) return permits_.paused_until;
  auto token = requests_.next_token();
  if (!token) return {};
  return std::max(*token, now + portion);
}

bool throttle::refresh(steady_time now) {
  requests_.refill(now);
  throttle_permits next{.in_flight = concurrency_.limit(), .calls = requests_.allowed()};
  if (paused_until_ && now < *paused_until_) next.paused_until = paused_until_;
  if (next == permits_) return false;
  permits_ = next;
  return true;
}

} // namespace perennial::actors
