#include "actors/protect/throttle.hpp"

#include <algorithm>
#include <utility>

namespace perennial::actors {

namespace {

// At a high rate tokens are handed out in portions, not one a message.
constexpr std::chrono::milliseconds portion{50};

// Of fewer calls nothing is said about how many 429s are few.
constexpr double fewest_to_judge = 20;

} // namespace

throttle::throttle(throttle_config config, steady_time now, learned_limits known)
  : config_(config)
  , concurrency_(config.concurrency, now)
  , requests_(config.requests_per_minute, now)
  , tokens_(config.tokens_per_minute, now)
  , learned_(known) {
  use_rates(now);
  refresh(now);
}

bool throttle::on_used(uint32_t calls, int64_t tokens, steady_time now) {
  requests_.use(calls, now);
  tokens_.use(tokens, now);
  return refresh(now);
}

bool throttle::on_limits(const rate_limits& told, steady_time now) {
  if (learned_.learn(told)) {
    news_ = true;
    use_rates(now);
  }
  if (const auto wait = told.wait()) pause_until(now + std::min(*wait, config_.longest_wait), now);
  return refresh(now);
}

std::optional<learned_limits> throttle::take_news() {
  if (!std::exchange(news_, false)) return std::nullopt;
  return learned_.settled();
}

bool throttle::on_success(const call_timing& call, steady_time now) {
  count(false, call.calls);
  concurrency_.on_success(call.in_flight, now, call.calls);
  if (!paused_until_ || call.sent >= *paused_until_) pauses_ = 0;
  return refresh(now);
}

bool throttle::on_throttled(std::optional<std::chrono::milliseconds> wait, const call_timing& call,
                            steady_time now) {
  const bool few =
    recent_calls_ >= fewest_to_judge && recent_429_ < config_.few_429 * recent_calls_;
  count(true, call.calls);
  concurrency_.on_shrink(call.sent, call.in_flight, now);
  auto answered = pause_began_ && call.sent < *pause_began_; // the pause was for this one too
  if (wait && wait->count() > 0) {
    pause_until(now + std::min(*wait, config_.longest_wait), now);
  } else if (!answered) {
    const auto whole = config_.pause.after(pauses_++);
    const auto pause =
      few ? std::chrono::duration_cast<std::chrono::milliseconds>(whole * config_.few_429_pause)
          : whole;
    pause_began_ = now;
    paused_until_ = std::max(paused_until_.value_or(now + pause), now + pause);
  }
  return refresh(now);
}

void throttle::pause_until(steady_time until, steady_time now) {
  if (!paused_until_ || *paused_until_ < now) pause_began_ = now;
  paused_until_ = std::max(paused_until_.value_or(until), until);
}

void throttle::count(bool throttled, uint32_t calls) noexcept {
  constexpr double last_calls = 100;
  const auto fade = std::max(0.0, 1.0 - calls / last_calls);
  recent_calls_ = recent_calls_ * fade + calls;
  recent_429_ = recent_429_ * fade + (throttled ? calls : 0);
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

bool throttle::set_rates(uint32_t requests_per_minute, uint32_t tokens_per_minute,
                         steady_time now) {
  config_.requests_per_minute = requests_per_minute;
  config_.tokens_per_minute = tokens_per_minute;
  use_rates(now);
  return refresh(now);
}

bool throttle::resume(steady_time now) {
  pauses_ = 0;
  pause_began_.reset();
  paused_until_.reset();
  requests_.forgive(now);
  tokens_.forgive(now);
  permits_.used_up_until.reset();
  return refresh(now);
}

void throttle::use_rates(steady_time now) {
  const auto in_force = [](uint32_t configured, const learned_limit& learned) {
    return configured > 0 ? configured : learned.per_minute();
  };
  requests_.set_rate(in_force(config_.requests_per_minute, learned_.requests), now);
  tokens_.set_rate(in_force(config_.tokens_per_minute, learned_.tokens), now);
}

std::optional<steady_time> throttle::next_wakeup(steady_time now) const {
  if (permits_.paused_until) return permits_.paused_until;
  if (permits_.used_up_until) return permits_.used_up_until;
  auto token = requests_.next_token();
  if (const auto other = tokens_.next_token(); other && (!token || *other < *token)) token = other;
  if (!token) return {};
  return std::max(*token, now + portion);
}

std::optional<steady_time> throttle::used_up_until(steady_time now) const {
  const auto at = std::max(requests_.usable_at(), tokens_.usable_at()); // nothing is the least
  // Told once, it is told until something may go out again.
  const bool tell = at && (permits_.used_up_until || *at - now >= config_.long_used_up);
  return tell ? at : std::nullopt;
}

bool throttle::refresh(steady_time now) {
  requests_.refill(now);
  tokens_.refill(now);
  throttle_permits next{.in_flight = concurrency_.limit(),
                        .calls = requests_.allowed(),
                        .paused_until = {},
                        .tokens = tokens_.allowed(),
                        .used_up_until = used_up_until(now)};
  if (paused_until_ && now < *paused_until_) next.paused_until = paused_until_;
  if (next == permits_) return false;
  permits_ = next;
  return true;
}

} // namespace perennial::actors
