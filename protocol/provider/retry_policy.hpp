// What becomes of a line after a call: pure, from the outcome and the attempts it has had.
//
//   success ─▶ result          too many attempts, or the line's own fault ─▶ failed result
//   passing trouble ─▶ retry   no fault of the line, nothing used up ─▶ give back
#pragma once

#include "protocol/provider/outcome.hpp"

#include <cstdint>

namespace perennial {

inline constexpr unsigned default_max_attempts = 5;

enum class line_fate : uint8_t {
  result,    ///< Store the answer.
  failed,    ///< Store a failed result, with code and message, and the body where there is one.
  retry,     ///< Wait by `backoff` (with `wait_at_least` as its floor), then again.
  give_back, ///< Back to the queue unharmed: the key, the route or the pause decides when.
};

struct disposition {
  line_fate fate = line_fate::result;
  unsigned attempts = 0; ///< the line's attempts, this one counted where it counts

  friend bool operator==(const disposition&, const disposition&) = default;
};

/// `attempts_before` are those used before this call.
constexpr disposition decide(const outcome& o, unsigned attempts_before,
                             unsigned max_attempts = default_max_attempts) {
  const unsigned used = attempts_before + (o.attempt_used ? 1 : 0);
  switch (o.kind) {
  case outcome_kind::success: return {line_fate::result, used};
  case outcome_kind::rejected:
  case outcome_kind::too_large: return {line_fate::failed, used};
  case outcome_kind::try_again:
  case outcome_kind::overloaded:
  case outcome_kind::server_error:
  case outcome_kind::lost:
  case outcome_kind::bad_answer:
    return {used >= max_attempts ? line_fate::failed : line_fate::retry, used};
  case outcome_kind::never_sent: return {line_fate::retry, used};
  case outcome_kind::throttled_for:
  case outcome_kind::throttled:
  case outcome_kind::quota_spent:
  case outcome_kind::key_refused:
  case outcome_kind::route_wrong:
  case outcome_kind::redirected:
  case outcome_kind::aborted: return {line_fate::give_back, used};
  }
  return {line_fate::give_back, used};
}

} // namespace perennial
