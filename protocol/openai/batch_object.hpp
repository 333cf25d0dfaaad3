// The Batch object: OpenAI's fields, and one member "perennial" with what only this service knows.
// A value that is not there is null, never "".
#pragma once

#include "protocol/base/error.hpp"
#include "protocol/jobs/line_problem.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace perennial::openai {

/// In the order in which they were given.
using metadata_list = std::vector<std::pair<std::string, std::string>>;

/// One entry of a failed batch's `errors.data`.
struct batch_error {
  std::string code;
  std::string message;
  std::optional<std::string> param;
  std::optional<uint64_t> line; ///< From 1, blank lines counted.

  friend bool operator==(const batch_error&, const batch_error&) = default;
};

batch_error to_batch_error(const jobs::line_problem& problem);

struct batch_usage {
  uint64_t input_tokens = 0;
  uint64_t cached_tokens = 0;
  uint64_t output_tokens = 0;
  uint64_t reasoning_tokens = 0;

  friend bool operator==(const batch_usage&, const batch_usage&) = default;
};

/// What OpenAI's object has no place for.
struct batch_extra {
  bool paused = false;
  std::string pause_reason; ///< Empty: null.
  std::string retry_of;     ///< A batch's id; empty: null.
  std::string format = "jsonl";
  std::string on_invalid = "fail";
  uint32_t weight = 1;
  int32_t priority = 0;
  int64_t line_deadline_ms = 0; ///< 0: none.
  uint64_t problems = 0;        ///< Bad lines in all; `errors` has the first of them.
  uint64_t retried = 0;         ///< Lines that took more than one attempt.
  uint64_t ambiguous = 0;       ///< Calls of which nobody knows whether the provider ran them.
  uint64_t dropped = 0;         ///< Later results of lines that had one.
  /// What holds its lines up while it is in progress: sentences, each with what to do.
  std::vector<std::string> waiting_for;

  friend bool operator==(const batch_extra&, const batch_extra&) = default;
};

struct batch_object {
  std::string id;
  std::string endpoint;
  std::string model;               ///< Empty: null.
  std::vector<batch_error> errors; ///< Empty: null.
  std::string input_file_id;
  std::string completion_window = "24h";
  std::string status = "validating";
  std::string output_file_id; ///< Empty: null.
  std::string error_file_id;  ///< Empty: null.
  int64_t created_at = 0;
  std::optional<int64_t> in_progress_at;
  std::optional<int64_t> expires_at;
  std::optional<int64_t> finalizing_at;
  std::optional<int64_t> completed_at;
  std::optional<int64_t> failed_at;
  std::optional<int64_t> expired_at;
  std::optional<int64_t> cancelling_at;
  std::optional<int64_t> cancelled_at;
  uint64_t total = 0; ///< These three are `request_counts`.
  uint64_t completed = 0;
  uint64_t failed = 0;
  std::optional<batch_usage> usage;
  metadata_list metadata; ///< Empty: null.
  std::optional<batch_extra> perennial;

  friend bool operator==(const batch_object&, const batch_object&) = default;
};

std::string to_json(const batch_object& batch);

/// errc::invalid_input where it is not a Batch object. Takes OpenAI's own too.
result<batch_object> parse_batch(std::string_view json);

} // namespace perennial::openai
