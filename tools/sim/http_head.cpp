#include "tools/sim/http_head.hpp"

#include <strings.h>

#include <charconv>

namespace perennial::sim {

namespace {

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return a.size() == b.size() && strncasecmp(a.data(), b.data(), a.size()) == 0;
}

std::string_view trim(std::string_view s) {
  while (!s.empty() && (s.front() == ' ' || s.front() == '\t')) s.remove_prefix(1);
  while (!s.empty() && (s.back() == ' ' || s.back() == '\t')) s.remove_suffix(1);
  return s;
}

bool read_request_line(std::string_view line, http_head& out) {
  const size_t first = line.find(' ');
  const size_t last = line.rfind(' ');
  if (first == std::string_view::npos || first == last || first == 0) return false;
  const std::string_view version = line.substr(last + 1);
  if (version != "HTTP/1.1" && version != "HTTP/1.0") return false;
  out.keep_alive = version == "HTTP/1.1";
  out.method = line.substr(0, first);
  out.path = line.substr(first + 1, last - first - 1);
  if (const size_t query = out.path.find('?'); query != std::string_view::npos)
    out.path = out.path.substr(0, query);
  return out.path.starts_with('/');
}

bool read_length(std::string_view value, http_head& out) {
  size_t length = 0;
  const char* const end = value.data() + value.size();
  const auto [at, problem] = std::from_chars(value.data(), end, length);
  if (value.empty() || problem != std::errc{} || at != end || out.content_length) return false;
  out.content_length = length;
  return true;
}

/// False for a field that makes the request unreadable. Names are told apart by length first.
bool read_field(std::string_view name, std::string_view value, http_head& out) {
  switch (name.size()) {
  case 6:
    if (equal_ignoring_case(name, "expect"))
      out.expects_continue = equal_ignoring_case(value, "100-continue");
    return true;
  case 10:
    if (equal_ignoring_case(name, "connection")) {
      if (equal_ignoring_case(value, "close")) out.keep_alive = false;
      if (equal_ignoring_case(value, "keep-alive")) out.keep_alive = true;
    }
    return true;
  case 13:
    if (equal_ignoring_case(name, "authorization")) out.authorization = value;
    return true;
  case 14: return !equal_ignoring_case(name, "content-length") || read_length(value, out);
  case 17:
    if (!equal_ignoring_case(name, "transfer-encoding")) return true;
    if (out.chunked || !equal_ignoring_case(value, "chunked")) return false;
    out.chunked = true;
    return true;
  default: return true;
  }
}

} // namespace

std::optional<http_head> parse_head(std::string_view bytes) {
  http_head out;
  size_t end = bytes.find("\r\n");
  if (end == std::string_view::npos || !read_request_line(bytes.substr(0, end), out)) return {};
  for (;;) {
    bytes.remove_prefix(end + 2);
    end = bytes.find("\r\n");
    if (end == std::string_view::npos) return {};
    if (end == 0) break;
    const std::string_view line = bytes.substr(0, end);
    const size_t colon = line.find(':');
    if (colon == std::string_view::npos || colon == 0) return {};
    if (!read_field(line.substr(0, colon), trim(line.substr(colon + 1)), out)) return {};
  }
  if (out.chunked && out.content_length) return {};
  return out;
}

} // namespace perennial::sim
