// Writes HTTP/1.1 replies. Pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace perennial::sim {

struct reply_head {
  int status = 200;
  std::string_view content_type = "application/json";
  uint64_t request_id = 0;
  std::string_view extra = {}; ///< further fields, each with its CR LF
  bool keep_alive = true;
};

/// A whole reply with a Content-Length. `more` bytes of the body are not in `body`.
std::string render_reply(const reply_head& head, std::string_view body, uint64_t more = 0);

/// A reply whose body comes in chunks and is rendered so already.
std::string render_chunked_reply(const reply_head& head, std::string_view chunks);

/// The body of a failure, in OpenAI's form. `param` is null; an empty `code` is null.
std::string render_error(std::string_view message, std::string_view type, std::string_view code);

/// The `type` that OpenAI gives a failure of this status.
std::string_view error_type(int status);

} // namespace perennial::sim
