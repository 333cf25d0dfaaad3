// Why the edge turns a request or a connection away, and what it tells the client.
//
// A refusal is an answer in the API's error form, always with `Connection: close`: after a request
// that we would not read to its end, nobody knows where the next one starts.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace perennial::http {

/// The order is that of the counters in `edge_counters`.
enum class refusal_reason : uint8_t {
  malformed,            ///< 400: the head is not HTTP/1.
  ambiguous_length,     ///< 400: the body's length could be read in two ways (smuggling).
  bad_host,             ///< 400: no Host, two, or one that cannot be.
  bad_chunk,            ///< 400: the chunks of a body are broken.
  slow_head,            ///< 408
  slow_body,            ///< 408
  body_too_large,       ///< 413
  target_too_long,      ///< 414
  content_encoding,     ///< 415: compressed bodies are not taken.
  expectation,          ///< 417: an Expect that is not 100-continue.
  head_too_large,       ///< 431
  too_many_headers,     ///< 431
  unknown_method,       ///< 501
  unknown_version,      ///< 505
  too_many_connections, ///< 503
  too_many_uploads,     ///< 503
  too_many_downloads,   ///< 503: downloads and long polls.
  memory_full,          ///< 503: too much is buffered already.
  stopping,             ///< 503: the service is being stopped.
};
inline constexpr size_t refusal_reasons = 19;

struct refusal {
  refusal_reason reason = refusal_reason::malformed;
  std::string message; ///< A sentence for people.
};

/// The reason's name, as it stands in metrics and as the error's `code`.
std::string_view to_string(refusal_reason reason) noexcept;
int status_of(refusal_reason reason) noexcept;

/// The JSON error body.
std::string error_body(const refusal& why);

/// The whole answer, head and body. A 503 carries `retry_after`.
std::string render(const refusal& why, std::string_view request_id,
                   std::chrono::seconds retry_after);

/// "Not Found" for 404; "Unknown" for what is not registered.
std::string_view reason_phrase(int status) noexcept;

} // namespace perennial::http
