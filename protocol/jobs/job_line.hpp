// A job line, ready to be sent, and the rules it is read by. Three forms:
//
//   OpenAI's   {"custom_id":"a","method":"POST","url":"/v1/chat/completions","body":{…}}
//   short      {"prompt":"…"} with optional id (or custom_id), model, system and any body field
//   text       the whole line is the prompt
//
// The body of the first is sent byte for byte as it stands; the other two are composed.
#pragma once

#include "protocol/jobs/endpoints.hpp"
#include "protocol/jobs/line_splitter.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace perennial::jobs {

enum class job_format : uint8_t {
  jsonl = 1, ///< OpenAI's and the short form, line by line as they come.
  text = 2,
};

/// "jsonl", "text".
std::string_view to_string(job_format format) noexcept;
/// errc::invalid_input for any other word.
result<job_format> parse_job_format(std::string_view word);

/// How the lines of a batch are read.
struct job_rules {
  job_format format = job_format::jsonl;
  std::string endpoint{default_endpoint};
  std::string model; ///< Replaces the lines' own; empty: keep theirs.
  uint64_t max_line_bytes = default_max_line_bytes;
};

/// Longest custom_id, in bytes of UTF-8.
inline constexpr size_t max_custom_id_bytes = 512;

/// What a line without an id of its own is called: "line-1" is the first that is not blank.
std::string default_custom_id(uint64_t ordinal);

struct job_line {
  std::string custom_id;
  std::string model;         ///< In the body as sent; empty: none.
  bool model_set = false;    ///< `job_rules::model` changed the body.
  std::string model_before;  ///< Then: what stood there; empty: none.
  std::string_view original; ///< A view into the line; empty where `composed` holds the body.
  std::string composed;

  /// The bytes to send.
  std::string_view body() const { return composed.empty() ? original : std::string_view{composed}; }
};

} // namespace perennial::jobs
