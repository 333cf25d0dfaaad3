// A request's head, read strictly: what could be understood in two ways is refused (RFC 9112).
// Pure.
//
// Whoever stands before or behind us may read a sloppy message differently, and what one takes for
// a body the other takes for the next request. So: CR LF and nothing else ends a line, no folded
// lines, no space before a colon, one Content-Length of digits only or one `Transfer-Encoding:
// chunked`, never both, exactly one Host on HTTP/1.1.
#pragma once

#include "protocol/http/edge_limits.hpp"
#include "protocol/http/edge_refusal.hpp"

#include <tl/expected.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace perennial::http {

struct request_head {
  std::string method; ///< GET, HEAD, POST, PUT, PATCH, DELETE or OPTIONS.
  std::string path;   ///< Percent-decoded; starts with '/' (or is "*" for OPTIONS).
  std::string target; ///< Path and query as sent, in origin form; has at most one bare '?'.
  std::string query;  ///< What followed the '?', as sent.
  bool http_1_0 = false;
  std::vector<std::pair<std::string, std::string>> headers; ///< As sent, trimmed, not decoded.

  std::optional<uint64_t> content_length;
  bool chunked = false;
  bool keep_alive = true;
  bool expects_continue = false;

  /// The first header of this name, whatever its case; null if there is none.
  const std::string* header(std::string_view name) const;
  bool has_body() const { return chunked || content_length.value_or(0) > 0; }
};

/// Reads a head: request line, headers and the empty line, no more.
tl::expected<request_head, refusal> parse_head(std::string_view bytes, const edge_limits& limits);

/// ASCII letters compared without their case.
bool same_word(std::string_view a, std::string_view b);

/// Whether `c` may stand in a method or a header's name (RFC 9110's `tchar`).
bool is_token_char(char c);

} // namespace perennial::http
