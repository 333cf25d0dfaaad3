// What the end of a call means beyond its outcome: for a line that has a deadline of its own, was
// the trial of a half-open breaker, or would lose its last attempt to an outage. Pure.
#pragma once

#include "actors/work/work_item.hpp"
#include "protocol/base/clock.hpp"
#include "protocol/provider/call_report.hpp"
#include "protocol/provider/outcome.hpp"

#include <chrono>
#include <cstdint>
#include <optional>

namespace perennial::actors {

/// So many failed trials of half-open breakers cost a line nothing where it was answered with a
/// plain 500, or with what is no answer: that may as well be the line's own fault...
inline constexpr uint32_t free_trials = 3;
/// ...and so many where a time-out, a reset or a gateway ended them. Lines that always fail would
/// else hold up the end of their batch for ever, once only they are left.
inline constexpr uint32_t free_silent_trials = 12;

/// Whether the line's own deadline, `until`, has ended its call.
inline bool was_cut(const call_report& report, std::optional<steady_time> until, steady_time now) {
  return until && report.failure != transport_failure::none && now >= *until;
}

/// Of a call that was cut: it is a call ended from here, whatever wait ended. Where no connection
/// was made nothing was sent, and the report stays as it is.
inline void say_cut(call_report& report) {
  const bool waited = report.failure == transport_failure::first_byte_timeout ||
                      report.failure == transport_failure::idle_timeout ||
                      report.failure == transport_failure::total_timeout;
  if (!report.sent || !waited) return;
  report.failure = transport_failure::aborted;
  report.detail = "the call was still out when its time was over, and was ended from here";
}

/// Of a call that was cut: nothing came in most of the line's time. The breaker decides whether the
/// provider hangs. One that got the rest of an earlier attempt's time says nothing.
inline void note_silence(outcome& o, const call_report& report,
                         std::chrono::milliseconds line_deadline) {
  if (o.kind != outcome_kind::aborted || !report.sent || report.status != 0) return;
  if (report.duration * 2 < line_deadline) return;
  o.breaker = breaker_effect::failure;
  o.silent = true;
}

/// Whether a failed trial costs its line nothing; counts those that may be the line's own fault.
inline bool is_free_trial(const outcome& o, int status, uint32_t& failed_trials) {
  if (o.breaker != breaker_effect::failure) return false;
  switch (o.kind) {
  case outcome_kind::bad_answer: return ++failed_trials <= free_trials;
  case outcome_kind::server_error:
    return ++failed_trials <= (status == 500 ? free_trials : free_silent_trials);
  case outcome_kind::lost: return ++failed_trials <= free_silent_trials;
  default: return true; // refused, or it says itself that it is not there
  }
}

/// Whether a failure that would be the line's last one may be the provider's: it has failed the
/// line three times, and has answered nobody well since the first of these calls went out. So a
/// batch of few lines survives an outage, too. Trials have their own rule.
inline bool may_be_an_outage(const outcome& o, const work_item& item, const failed_calls& failed,
                             std::optional<steady_time> last_success) {
  if (item.trial || o.breaker != breaker_effect::failure || !o.attempt_used) return false;
  return failed.are_known() && (!last_success || *last_success <= failed.calls.back().sent);
}

/// Whether a call has been out for longer than it takes to fail, `oldest_out` the first that is:
/// so it is with a provider that is slow and healthy.
inline bool keeps_waiting(const failed_calls& failed, std::optional<steady_time> oldest_out,
                          steady_time now) {
  constexpr std::chrono::seconds soon{1};
  return oldest_out && now - *oldest_out > 2 * failed.longest() + soon;
}

/// Whether that cannot be told yet: it is tried some more times. `attempts`: with this one.
inline bool is_to_be_seen(const outcome& o, const work_item& item, const failed_calls& failed,
                          uint32_t attempts) {
  return !item.trial && o.breaker == breaker_effect::failure && !failed.are_known() &&
         attempts >= failed_calls::kept && item.spared < most_spared;
}

} // namespace perennial::actors
