// What is stored, as plain values. `docs/storage.md` gives the bytes of each; `storage/codec.hpp`
// turns one into the other. Stored enums are numbered and never renumbered.
#pragma once

#include "protocol/base/clock.hpp"
#include "protocol/base/hash.hpp"
#include "storage/ids.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace perennial::storage {

enum class file_state : uint8_t { uploading = 1, ready = 2, deleted = 3 };
enum class file_purpose : uint8_t { batch = 1, other = 2 };
enum class line_format : uint8_t { jsonl = 1, text = 2 };
enum class invalid_policy : uint8_t { fail = 1, skip = 2 };

struct file_record {
  file_id id = 0;
  file_state state = file_state::uploading;
  file_purpose purpose = file_purpose::batch;
  uint64_t bytes = 0;
  uint64_t lines = 0; ///< Job lines: those that are not blank.
  sha256_digest sha256{};
  wall_time created{};
  wall_time expires{}; ///< Epoch: never.
  std::string name;
  rule_set_id good_under = 0; ///< All lines were found good under it, and all custom_ids unique.
  friend bool operator==(const file_record&, const file_record&) = default;
};

enum class batch_status : uint8_t {
  validating = 1,
  failed = 2,
  in_progress = 3,
  finalizing = 4,
  completed = 5,
  expired = 6,
  cancelling = 7,
  cancelled = 8,
};

/// The name as the OpenAI API writes it.
std::string_view to_string(batch_status status) noexcept;

/// Whether nothing of the batch will change any more.
constexpr bool is_final(batch_status s) noexcept {
  return s == batch_status::failed || s == batch_status::completed || s == batch_status::expired ||
         s == batch_status::cancelled;
}

using metadata_list = std::vector<std::pair<std::string, std::string>>;

/// What was asked for; never changes after the batch was made (part 1).
struct batch_definition {
  file_id file = 0;
  wall_time created{};
  batch_id retry_of = 0; ///< 0: not a retry.
  line_format format = line_format::jsonl;
  invalid_policy on_invalid = invalid_policy::fail;
  uint64_t lines = 0; ///< Job lines of the file.
  uint64_t max_line_bytes = 0;
  wall_time expires{};       ///< Epoch: never.
  uint32_t max_attempts = 0; ///< 0: the service's default.
  uint32_t weight = 1;
  std::string endpoint; ///< "/v1/chat/completions"
  std::string completion_window;
  std::string model;      ///< Replaces the lines' own model; empty: keep theirs.
  std::string retry_only; ///< A retry of the lines with this code only; empty: of all that failed.
  metadata_list metadata;
  uint64_t owner = 0;   ///< Who shares with others: see dispatch order. 0: nobody in particular.
  int32_t priority = 0; ///< Among the batches of one owner; higher ones go first.
  /// From a line's first call on, over all attempts; 0: the service's default.
  std::chrono::milliseconds line_deadline{0};
  friend bool operator==(const batch_definition&, const batch_definition&) = default;
};

/// Where the batch is in its life (part 2).
struct batch_state {
  batch_status status = batch_status::validating;
  bool paused = false;
  std::string pause_reason;
  wall_time in_progress_at{};
  wall_time finalizing_at{};
  wall_time completed_at{};
  wall_time failed_at{};
  wall_time expired_at{};
  wall_time cancelling_at{};
  wall_time cancelled_at{};
  uint64_t problems = 0; ///< Bad lines in all; at most 1,000 of them are kept.
  friend bool operator==(const batch_state&, const batch_state&) = default;
};

struct token_usage {
  uint64_t input = 0;
  uint64_t cached = 0;
  uint64_t output = 0;
  uint64_t reasoning = 0;
  friend bool operator==(const token_usage&, const token_usage&) = default;
};

/// Counts over the batch's rows, written with them (part 3).
struct batch_progress {
  uint64_t total = 0; ///< Lines the batch is to run: the file's, or those of a retry's selection.
  uint64_t completed = 0;
  uint64_t failed = 0;
  line_no watermark = 0; ///< Every line below has a result or is not of this batch.
  uint64_t ok_bytes = 0;
  uint64_t error_bytes = 0;
  uint64_t unrun_bytes = 0; ///< Of the rendered lines that never ran, behind the error log.
  uint64_t retried = 0;     ///< Lines whose result took more than one attempt.
  uint64_t ambiguous = 0;   ///< Calls of which nobody knows whether the provider did them.
  uint64_t dropped = 0;     ///< Later results of lines that had one.
  token_usage tokens;
  friend bool operator==(const batch_progress&, const batch_progress&) = default;
};

struct batch_record {
  batch_id id = 0;
  batch_definition definition;
  batch_state state;
  batch_progress progress;
  friend bool operator==(const batch_record&, const batch_record&) = default;
};

enum class output_kind : uint8_t { ok = 1, error = 2 };

/// A line's place in the output: this line is done.
struct index_entry {
  output_kind kind = output_kind::ok;
  uint64_t offset = 0;
  uint32_t length = 0; ///< With its newline.
  uint16_t code = 0;   ///< HTTP status, or one of `result_code`.
  uint16_t attempts = 0;
  friend bool operator==(const index_entry&, const index_entry&) = default;
};

/// Codes of results that no HTTP status stands for. Stored: never renumber.
namespace result_code {
inline constexpr uint16_t worker_crashed = 1;
inline constexpr uint16_t line_invalid = 2;
inline constexpr uint16_t response_too_large = 3;
inline constexpr uint16_t retries_used_up = 4;
inline constexpr uint16_t deadline_exceeded = 5;
} // namespace result_code

/// What a provider said of a line that it did not answer.
struct provider_word {
  std::string provider;
  std::string code;
  std::string message;
  friend bool operator==(const provider_word&, const provider_word&) = default;
};

/// A line between two attempts.
struct waiting_entry {
  uint32_t attempts = 0; ///< Used so far.
  wall_time not_before{};
  bool ambiguous = false;
  std::string last_error;
  wall_time first_call{};                ///< When the line went out for the first time.
  std::vector<provider_word> words = {}; ///< At most 255; where others may take the line.
  friend bool operator==(const waiting_entry&, const waiting_entry&) = default;
};

/// A bad line found by validation.
struct stored_problem {
  uint64_t number = 0; ///< 1-based, blank lines counted.
  uint64_t offset = 0;
  std::string code;
  std::string message;
  friend bool operator==(const stored_problem&, const stored_problem&) = default;
};

enum class validation_phase : uint8_t { reading = 1, duplicates = 2, selecting = 3 };

/// Where validation goes on after a restart (part 8).
struct validation_cursor {
  validation_phase phase = validation_phase::reading;
  uint64_t offset = 0;
  line_no ordinal = 0;
  uint64_t number = 1; ///< Of the line at `offset`, 1-based.
  friend bool operator==(const validation_cursor&, const validation_cursor&) = default;
};

} // namespace perennial::storage
