#include "actors/protect/circuit_breaker.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace perennial::actors {

namespace {

std::string with_detail(std::string cause, const std::string& detail) {
  return detail.empty() ? cause : fmt::format("{}: {}", cause, detail);
}

bool reaches(uint64_t part, uint64_t whole, double ratio) {
  return ratio > 0 && static_cast<double>(part) >= ratio * static_cast<double>(whole);
}

} // namespace

std::string_view to_string(breaker_state state) noexcept {
  switch (state) {
  case breaker_state::closed: return "closed";
  case breaker_state::open: return "open";
  case breaker_state::half_open: return "half-open";
  }
  return "unknown";
}

circuit_breaker::circuit_breaker(breaker_config config)
  : config_(std::move(config))
  , window_(config_.window)
  , span_(config_.window) {
  std::erase(config_.stages, 0u);
  if (config_.stages.empty()) config_.stages = {1};
}

bool circuit_breaker::on_outcome(uint32_t epoch, const counted_call& call, steady_time now,
                                 double jitter) {
  count_sent(call);
  if (!says_nothing(call, now)) return count(epoch, call, now, jitter);
  return count(epoch, {.effect = call_effect::neutral, .calls = call.calls}, now, jitter);
}

bool circuit_breaker::count(uint32_t epoch, const counted_call& call, steady_time now,
                            double jitter) {
  if (epoch != gate_.epoch || call.calls == 0) return false;
  switch (gate_.state) {
  case breaker_state::closed: return count_closed(call, now, jitter);
  case breaker_state::half_open: return count_half_open(call, now, jitter);
  case breaker_state::open: return false; // nothing is let out in an epoch that is open
  }
  return false;
}

void circuit_breaker::count_sent(const counted_call& call) noexcept {
  if (!opened_at_ || !call.sent || *call.sent <= *opened_at_) return;
  if (gate_.state != breaker_state::closed || (closed_at_ && *call.sent < *closed_at_))
    sent_since_opened_ += call.calls;
}

/// Of a call that was cut before anything came: whether others may well be answered.
bool circuit_breaker::says_nothing(const counted_call& call, steady_time now) {
  using std::chrono::duration_cast, std::chrono::milliseconds;
  if (call.effect == call_effect::success) {
    silent_for_ = {};
    answered_at_ = now;
    if (call.took.count() > 0) last_took_ = call.took;
  }
  if (!call.silent) return false;
  const auto since = std::max(call.sent.value_or(now - call.took), answered_at_);
  // Where no call was out nobody was silent; where several were, time passed once.
  silent_for_ = std::max(silent_for_ + (now - std::max(since, silent_at_)), now - since);
  silent_at_ = now;
  const auto usual = times_.quantile(0.5).value_or(last_took_);
  const auto by_cut = duration_cast<milliseconds>(config_.silent_per_cut * call.took);
  const auto hangs_from = std::max(duration_cast<milliseconds>(config_.slow_per_median * usual),
                                   std::min(by_cut, config_.silent_at_most));
  return silent_for_ < hangs_from;
}

bool circuit_breaker::on_returned(uint32_t epoch, uint32_t calls) {
  if (epoch != gate_.epoch || gate_.state != breaker_state::half_open || calls == 0) return false;
  gate_.permits += calls;
  return true;
}

bool circuit_breaker::on_tick(steady_time now) {
  if (gate_.state != breaker_state::open || now < *gate_.next_probe) return false;
  return enter_stage(0, now);
}

bool circuit_breaker::reset(steady_time now) {
  openings_ = 0;
  answered_at_ = now; // nor were calls that are out silent before
  if (gate_.state != breaker_state::closed) return close("reset by hand", now);
  forget();
  return false;
}

bool circuit_breaker::count_closed(const counted_call& call, steady_time now, double jitter) {
  if (call.effect == call_effect::neutral) return false;
  auto failed = call.effect == call_effect::failure;
  auto slow = learn_time(call, now) || call.slow;
  failures_ = failed ? failures_ + call.calls : 0;
  connection_failures_ = failed && call.connection_failure ? connection_failures_ + call.calls : 0;
  window_.add(
    {.calls = call.calls, .failures = failed ? call.calls : 0, .slow = slow ? call.calls : 0}, now);
  if (!failed && !slow) return false; // a good call opens nothing
  auto cause = call.outage
                 ? std::string{"a line has failed several times and nobody was answered meanwhile"}
                 : cause_to_open(now);
  if (cause.empty()) return false;
  unreachable_ = failed && call.connection_failure;
  return open(with_detail(std::move(cause), call.detail), now, jitter);
}

std::optional<std::chrono::milliseconds> circuit_breaker::slow_from() const noexcept {
  const auto median = times_.quantile(0.5);
  if (!median) return {};
  return std::max(config_.slow, std::chrono::duration_cast<std::chrono::milliseconds>(
                                  config_.slow_per_median * *median));
}

/// Whether it was slow, by what was known before it; then it is known too.
bool circuit_breaker::learn_time(const counted_call& call, steady_time now) {
  constexpr std::chrono::seconds look_every{1};
  const auto limit = slow_from();
  if (call.effect == call_effect::success && call.took.count() > 0)
    times_.add(call.took, now, call.calls);
  if (now - span_looked_at_ >= look_every) {
    span_looked_at_ = now;
    const auto p99 = times_.quantile(0.99).value_or(std::chrono::milliseconds{0});
    const auto span =
      std::max(config_.window,
               std::chrono::duration_cast<std::chrono::milliseconds>(config_.window_per_p99 * p99));
    if (span * 5 > span_ * 6 || span * 6 < span_ * 5) { // by a fifth at least
      span_ = span;
      window_.set_span(span, now);
    }
  }
  return limit && call.took >= *limit;
}

bool circuit_breaker::wants_probe() const noexcept {
  return gate_.state == breaker_state::open && unreachable_ && !probe_over_;
}

bool circuit_breaker::on_probe(bool connected, steady_time now) {
  if (!wants_probe()) return false;
  probe_failed_ = probe_failed_ || !connected;
  probe_over_ = connected;
  if (!connected || !probe_failed_) return false;
  openings_ = 0; // it has come back: should it not answer yet, the next wait is short
  return enter_stage(0, now);
}

bool circuit_breaker::count_half_open(const counted_call& call, steady_time now, double jitter) {
  const auto calls = config_.stages[stage_];
  switch (call.effect) {
  case call_effect::neutral: gate_.permits += call.calls; return true;
  case call_effect::failure: stage_failures_ += call.calls; break;
  case call_effect::success: stage_successes_ += call.calls; break;
  }
  if (stage_failures_ > 0 && reaches(stage_failures_, calls, config_.failure_ratio)) {
    // It answered the stages before: it is not away, and needs no longer wait than the first.
    if (stage_ > 0) openings_ = 0;
    auto cause = calls == 1 ? std::string{"a trial call failed"}
                            : fmt::format("{} of {} trial calls failed", stage_failures_, calls);
    unreachable_ = call.connection_failure;
    return open(with_detail(std::move(cause), call.detail), now, jitter);
  }
  if (stage_successes_ + stage_failures_ < calls) return false;
  if (stage_ + 1 < config_.stages.size()) return enter_stage(stage_ + 1, now);
  return close("the trial calls succeeded", now);
}

std::string circuit_breaker::cause_to_open(steady_time now) {
  if (config_.connection_failures > 0 && connection_failures_ >= config_.connection_failures)
    return fmt::format("{} connections in a row failed", connection_failures_);
  if (config_.failures_in_a_row > 0 && failures_ >= config_.failures_in_a_row)
    return fmt::format("{} calls in a row failed", failures_);
  const auto& seen = window_.totals(now);
  if (seen.calls < config_.minimum_calls) return {};
  auto seconds = std::chrono::duration_cast<std::chrono::seconds>(span_).count();
  if (reaches(seen.failures, seen.calls, config_.failure_ratio))
    return fmt::format("{} of the {} calls of the last {} s failed", seen.failures, seen.calls,
                       seconds);
  if (reaches(seen.slow, seen.calls, config_.slow_ratio))
    return fmt::format("{} of the {} calls of the last {} s were slow", seen.slow, seen.calls,
                       seconds);
  return {};
}

bool circuit_breaker::open(std::string reason, steady_time now, double jitter) {
  if (closed_at_ && now - *closed_at_ >= config_.calm) openings_ = 0;
  auto wait = spread(config_.open_for.after(openings_), config_.open_spread, jitter);
  ++openings_;
  closed_at_.reset();
  if (gate_.state == breaker_state::closed) {
    opened_at_ = now;
    sent_since_opened_ = 0;
  }
  probe_failed_ = false;
  probe_over_ = false;
  change(breaker_state::open, 0, std::move(reason), now);
  gate_.next_probe = now + wait;
  return true;
}

bool circuit_breaker::enter_stage(size_t stage, steady_time now) {
  stage_ = stage;
  stage_successes_ = 0;
  stage_failures_ = 0;
  auto calls = config_.stages[stage];
  return change(breaker_state::half_open, calls,
                fmt::format("trying {} {}", calls, calls == 1 ? "call" : "calls"), now);
}

void circuit_breaker::forget() noexcept {
  window_.clear();
  failures_ = 0;
  connection_failures_ = 0;
  silent_for_ = {};
}

bool circuit_breaker::close(std::string reason, steady_time now) {
  forget();
  closed_at_ = now;
  return change(breaker_state::closed, unlimited_permits, std::move(reason), now);
}

bool circuit_breaker::change(breaker_state to, int64_t permits, std::string reason,
                             steady_time now) {
  // The stages of one trial are one entry: an outage of an hour must not fill the history.
  if (to != gate_.state || to != breaker_state::half_open) {
    if (history_.size() == history_size) history_.pop_front();
    history_.push_back({now, gate_.state, to, reason});
  }
  gate_ = {.epoch = gate_.epoch + 1,
           .state = to,
           .permits = permits,
           .next_probe = {},
           .reason = std::move(reason)};
  return true;
}

} // namespace perennial::actors
