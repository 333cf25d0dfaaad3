// The head of an HTTP/1.1 request: the few fields that the fake provider looks at, as views.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace perennial::sim {

struct http_head {
  std::string_view method;
  std::string_view path; ///< without the query
  std::string_view authorization;
  std::optional<size_t> content_length;
  bool chunked = false;
  bool keep_alive = true;
  bool expects_continue = false;
};

/// Reads a whole head, with its empty line. Gives nothing for one that is no HTTP/1 or whose body
/// has no certain end (two lengths, a length and chunks; RFC 9112 §6.3).
std::optional<http_head> parse_head(std::string_view bytes);

} // namespace perennial::sim
