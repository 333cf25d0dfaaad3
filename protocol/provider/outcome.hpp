// What the end of a call means: for the line, for the circuit breaker, for the concurrency, for the
// key. One pure function, one row of the table in docs/outcomes.md for each kind.
#pragma once

#include "protocol/provider/call_report.hpp"
#include "protocol/provider/settings.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace perennial::provider {

enum class outcome_kind : uint8_t {
  success,            ///< 2xx with a JSON body.
  throttled,          ///< 429, and the 402 that is a throttle in disguise.
  quota_spent,        ///< 429 insufficient_quota, 402.
  try_again,          ///< 408, 409, 425.
  overloaded,         ///< 503, 529.
  server_error,       ///< Other 5xx.
  never_sent,         ///< Refused, no address, TLS.
  lost,               ///< Reset or timeout after sending: nobody knows whether it was done.
  unauthorized,       ///< 401; 403 before any success with this key.
  route_unknown,      ///< 404, 405, model_not_found before any success of this model.
  redirect,           ///< 3xx.
  rejected,           ///< Other 4xx.
  bad_answer,         ///< 2xx whose body is cut or is no JSON.
  response_too_large, ///< Over the limit.
  aborted,            ///< By us.
};

enum class breaker_effect : uint8_t { none, success, failure };
enum class concurrency_effect : uint8_t { none, grow, shrink };
enum class park_scope : uint8_t { none, key, route };

struct outcome {
  outcome_kind kind = outcome_kind::success;
  bool answered = false;     ///< The provider gave an HTTP answer.
  bool attempt_used = false; ///< Of the line's `max_attempts`.
  bool ambiguous = false;    ///< The provider may have done the work.
  bool never_sent = false;
  breaker_effect breaker = breaker_effect::none;
  concurrency_effect concurrency = concurrency_effect::none;
  park_scope park = park_scope::none;
  std::optional<std::chrono::milliseconds> wait_at_least;
  std::string error_code; ///< "model_not_found", "http_500", "connection_refused"…
  std::string message;    ///< One sentence: what is wrong and what to do. No secrets.
};

/// What has worked before.
struct route_history {
  bool key_succeeded = false;
  bool model_succeeded = false;
};

outcome classify(const call_report& report, const route_history& history,
                 const provider_settings& settings);

/// What becomes of the line.
enum class disposition : uint8_t {
  result,    ///< Done, with success.
  failed,    ///< Done, as a failed result.
  retry,     ///< Waits with backoff.
  give_back, ///< Waits, unharmed: it is not the line's fault.
};

/// `attempts_used` before this call; `max_attempts` 0 counts as 5.
disposition decide(const outcome& o, uint32_t attempts_used, uint32_t max_attempts);

} // namespace perennial::provider
