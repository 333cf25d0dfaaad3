// What the end of a call means: the table "What an outcome means" of the design, as one pure
// function. It knows nothing of clocks, threads or actors; each column is a field, and the breaker,
// the throttle and the retry policy each read theirs.
#pragma once

#include "protocol/provider/call_report.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace perennial {

/// The table's rows. Stored and shown: never renumber.
enum class outcome_kind : uint8_t {
  success = 1,       ///< 2xx with a whole JSON body.
  throttled_for = 2, ///< 429 that says how long: pause the key so long.
  throttled = 3,     ///< 429 that does not, or a full queue in a 402: pause 1 s, doubling to 60 s.
  quota_spent = 4,   ///< 429 insufficient_quota, 402: waiting does not cure it.
  try_again = 5,     ///< 408, 409, 425.
  overloaded = 6,    ///< 503, 529.
  server_error = 7,  ///< Any other 5xx.
  never_sent = 8,    ///< Refused, DNS, TLS, proxy: the provider saw nothing.
  lost = 9,          ///< Reset or timeout after sending: it may have done the work.
  key_refused = 10,  ///< 401; 403 before any success with this key.
  route_wrong = 11,  ///< 404, 405, model_not_found before any success of this provider and model.
  redirected = 12,   ///< 3xx: the key is never sent along.
  rejected = 13,     ///< Any other 4xx: this line is at fault.
  bad_answer = 14,   ///< 2xx without whole JSON, or no HTTP at all: failure, perhaps paid for.
  too_large = 15,    ///< 2xx longer than max_response_bytes: again would cost again.
  aborted = 16,      ///< Ended from here, by a shutdown or a cancel, or not kept for want of room.
};

/// In lower case, as it stands in logs and metrics.
std::string_view to_string(outcome_kind kind) noexcept;

enum class breaker_effect : uint8_t { none, success, failure };
enum class concurrency_effect : uint8_t { none, grow, shrink };
enum class park_target : uint8_t { none, key, route };

struct outcome {
  outcome_kind kind = outcome_kind::success;
  bool attempt_used = false;
  /// The provider may have done the work and charged for it, though no result came.
  bool ambiguous = false;
  breaker_effect breaker = breaker_effect::none;
  /// Counts as slow for the breaker, beside being a failure.
  bool slow = false;
  /// Ended from here, at its line's own deadline, before anything came: a failure only where others
  /// are not answered either. The breaker knows.
  bool silent = false;
  /// A failure that shows an outage by itself: the breaker opens.
  bool outage = false;
  concurrency_effect concurrency = concurrency_effect::none; ///< shrink is × 0.9
  /// Parking goes with an alarm, and lasts until someone mends it or a probe succeeds.
  park_target park = park_target::none;
  /// The provider's own word on when to come back: a floor for every wait.
  std::optional<std::chrono::milliseconds> wait_at_least;
  /// For the result and for metrics: the provider's code where it is a plain word, else ours, such
  /// as "http_500", "timeout", "connection_refused". Empty on success.
  std::string code;
  /// One sentence for people, without secrets: what is wrong and what to do. Empty on success.
  std::string message;
};

/// Where the call went, and whether that has ever worked.
struct route_facts {
  std::string_view url;           ///< The base URL, for messages; has no secret in it.
  std::string_view key_env;       ///< The variable that holds the key, for messages; may be empty.
  std::string_view key_file;      ///< Or the file.
  std::string_view model;         ///< May be empty.
  bool key_worked = false;        ///< Some call with this key ended in 2xx.
  bool model_worked = false;      ///< Some call of this provider and model did.
  std::string_view provider = {}; ///< Its name, for messages; may be empty.
};

outcome classify(const call_report& report, const route_facts& route);

} // namespace perennial
