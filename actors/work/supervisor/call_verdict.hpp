// What the end of a call means beyond its outcome, for a line that has a deadline of its own or was
// the trial of a half-open breaker. Pure.
#pragma once

#include "protocol/base/clock.hpp"
#include "protocol/provider/call_report.hpp"
#include "protocol/provider/outcome.hpp"

#include <chrono>
#include <cstdint>
#include <optional>

namespace perennial::actors {

/// So many failed trials of half-open breakers cost a line nothing whose answer may be the line's
/// own fault as well; the next ones are attempts.
inline constexpr uint32_t free_trials = 3;

/// Whether the line's own deadline, `until`, cut its call.
inline bool was_cut(const call_report& report, std::optional<steady_time> until, steady_time now) {
  return until && report.failure != transport_failure::none && now >= *until;
}

/// Of a call that was cut: a provider that sent nothing in most of the line's time hangs as far as
/// this batch is concerned, and has failed. One that got the rest of an earlier attempt's time is
/// not to blame.
inline void blame_silence(outcome& o, const call_report& report,
                          std::chrono::milliseconds line_deadline) {
  if (report.status != 0 || report.duration * 2 < line_deadline) return;
  o.breaker = breaker_effect::failure;
  o.slow = true;
  o.concurrency = concurrency_effect::shrink;
}

/// Whether a failed trial says more of the line than of the provider: a plain 500, or what is no
/// answer. Lines that fail so always would else hold up the end of their batch for ever, once only
/// they are left.
inline bool may_be_the_line(const outcome& o, int status) {
  return o.kind == outcome_kind::bad_answer ||
         (o.kind == outcome_kind::server_error && status == 500);
}

} // namespace perennial::actors
