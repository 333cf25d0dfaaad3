// A result as one line of a batch's output or error file: OpenAI's form, and a member of ours where
// there is something to say.
//
//   answered   {"id":"batch_req_…","custom_id":"a",
//               "response":{"status_code":200,"request_id":"r","body":{…}},"error":null}
//   never ran  {"id":"batch_req_…","custom_id":"a",
//               "response":null,"error":{"code":"batch_cancelled","message":"…"}}
//   ours, last ,"perennial":{"line":7,"attempts":2,"ambiguous":true,"provider":"p",
//               "others":[{"provider":"q","code":"http_503","message":"…"}],
//               "model_replaced":{"from":"x","to":"y"}}
//
// All on one line, with a newline at its end. A rejection by HTTP is an answer. Functions may be
// called from any thread.
#pragma once

#include "protocol/base/error.hpp"
#include "protocol/jobs/usage.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace perennial::jobs {

/// What another provider said of the line.
struct other_word {
  std::string_view provider;
  std::string_view code;
  std::string_view message;
};

struct result_fields {
  uint64_t batch = 0;         ///< With `ordinal` it makes the "id".
  uint64_t ordinal = 0;       ///< Of the job line.
  std::string_view custom_id; ///< Empty: null (a bad line whose id could not be read).

  int status_code = 0;         ///< Of the answer; 0: none, and the next two do not count.
  std::string_view request_id; ///< The provider's; empty: null.
  std::string_view body;       ///< As the provider sent it.

  std::string_view error_code; ///< Empty: no error.
  std::string_view error_message;

  // Ours; left out where they have these values.
  uint64_t line_number = 0; ///< For people, from 1.
  uint32_t attempts = 1;
  bool ambiguous = false; ///< Nobody knows whether an earlier attempt was run as well.
  std::string_view provider;
  std::vector<other_word> others;
  bool model_replaced = false;
  std::string_view model_before; ///< Empty: null.
  std::string_view model;
};

struct rendered_result {
  size_t bytes = 0;         ///< Appended, with the newline.
  bool body_is_json = true; ///< The body was embedded as JSON, not as a string.
  jobs::usage usage;        ///< From the body.
};

/// Appends the line to `out`. The body stays byte for byte as it is where it is valid JSON on one
/// line; JSON with line breaks is made compact; anything else becomes a JSON string (bytes that are
/// not UTF-8 become U+FFFD); an empty body is null. Costs about 1 µs for a body of 1 KB.
rendered_result render_result(const result_fields& fields, std::string& out);

/// The same in pieces, for an answer whose body does not pass through memory: what stands before
/// the body, and behind it. With a body of JSON on one line between them they are the line.
void render_result_head(const result_fields& fields, std::string& out);
void render_result_tail(const result_fields& fields, std::string& out);

/// What a reader wants to know of a rendered line.
struct result_head {
  std::string custom_id;
  int status_code = 0; ///< 0: no answer.
  std::string error_code;
};

/// Reads the start of a line that `render_result` made. errc::corrupt where it is no such line.
result<result_head> read_result_head(std::string_view text);

} // namespace perennial::jobs
