// The body of POST /v1/batches: OpenAI's fields, and a few of ours.
//
//   input_file_id         "file-…", a file of purpose batch
//   endpoint              one of jobs::endpoint_paths()
//   completion_window     "24h" unless given; also "90m", "48h", "7d"
//   metadata              up to 16 pairs of strings: keys of 64, values of 512 characters
//   output_expires_after  {"anchor":"created_at","seconds":3600…2592000}
//
//   format                "jsonl" (default) or "text"
//   on_invalid            "fail" (default) or "skip"
//   model                 replaces the lines' own
//   weight                1 (default) to 100: share of the work beside other batches
//   priority              -100 to 100, 0 unless given: among one API key's batches, higher first
//   max_attempts          1 to 100; the service's default unless given
//   line_deadline         "10m": so long a line may take from its first call on
//   expires_after         "36h": then the batch ends with what it has
//   max_line_bytes        1 KiB to 256 MiB; 16 MiB unless given
//
// Any other field is refused, with a suggestion. What is wrong *in the file* is not found here.
#pragma once

#include "protocol/jobs/job_line.hpp"
#include "protocol/openai/api_error.hpp"
#include "protocol/openai/batch_object.hpp"

#include <tl/expected.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace perennial::openai {

inline constexpr size_t max_metadata_pairs = 16;
inline constexpr size_t max_metadata_key = 64;    ///< Characters.
inline constexpr size_t max_metadata_value = 512; ///< Characters.

enum class on_invalid : uint8_t {
  fail = 1, ///< Bad lines fail the batch before anything is sent.
  skip = 2, ///< Each bad line becomes a failed result; the rest runs.
};

std::string_view to_string(on_invalid policy) noexcept;
/// errc::invalid_input for any other word than "fail" and "skip".
result<on_invalid> parse_on_invalid(std::string_view word);

struct create_batch_request {
  uint64_t input_file = 0; ///< The number in `input_file_id`.
  std::string endpoint;
  std::string completion_window = "24h"; ///< As given.
  std::chrono::seconds window{24 * 3600};
  metadata_list metadata;
  std::optional<std::chrono::seconds> output_expires_after;

  jobs::job_format format = jobs::job_format::jsonl;
  openai::on_invalid on_invalid = openai::on_invalid::fail;
  std::string model; ///< Empty: keep the lines' own.
  uint32_t weight = 1;
  int32_t priority = 0;
  uint32_t max_attempts = 0;                  ///< 0: the service's default.
  std::chrono::milliseconds line_deadline{0}; ///< 0: the service's default.
  std::chrono::milliseconds expires_after{0}; ///< 0: the service's default.
  uint64_t max_line_bytes = jobs::default_max_line_bytes;
};

/// "24h", "90m", "7d", from a minute to a year. errc::invalid_input for anything else.
result<std::chrono::seconds> parse_window(std::string_view text);

/// errc::invalid_input where there are too many pairs, or one is too long or has an empty key.
result<void> check_metadata(const metadata_list& metadata);

/// Reads the body. An error has status 400 and names the field in `param`; an id of a file that
/// cannot be there is a 404.
tl::expected<create_batch_request, api_error> parse_create_batch(std::string_view body);

} // namespace perennial::openai
