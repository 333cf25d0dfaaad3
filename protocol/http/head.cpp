#include "protocol/http/head.hpp"

#include "protocol/base/text.hpp"
#include "protocol/http/head_target.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace perennial::http {

namespace {

constexpr std::array<std::string_view, 7> methods{"GET",   "HEAD",   "POST",   "PUT",
                                                  "PATCH", "DELETE", "OPTIONS"};

template <class... Ts>
tl::unexpected<refusal> refuse(refusal_reason reason, fmt::format_string<Ts...> text,
                               Ts&&... args) {
  return tl::unexpected<refusal>{refusal{reason, fmt::format(text, std::forward<Ts>(args)...)}};
}

/// The bytes up to the next CR LF, which is taken too. Nothing if there is none.
std::optional<std::string_view> take_line(std::string_view& rest) {
  const auto end = rest.find("\r\n");
  if (end == std::string_view::npos) return std::nullopt;
  const auto line = rest.substr(0, end);
  rest.remove_prefix(end + 2);
  return line;
}

bool valid_value(std::string_view value) {
  return std::ranges::all_of(value, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return c == '\t' || (byte >= 0x20 && byte != 0x7f);
  });
}

/// Whether a list such as `keep-alive, TE` has this word.
bool lists(std::string_view value, std::string_view word) {
  while (!value.empty()) {
    const auto comma = value.find(',');
    if (same_word(trimmed(value.substr(0, comma)), word)) return true;
    if (comma == std::string_view::npos) return false;
    value.remove_prefix(comma + 1);
  }
  return false;
}

/// What the headers say about framing and routing; kept until all of them are read.
struct framing {
  std::optional<std::string> length, encoding, host;
  bool close = false, keep_alive = false;
};

tl::expected<void, refusal> read_request_line(std::string_view line, const edge_limits& limits,
                                              request_head& head, std::string& authority) {
  const auto first = line.find(' ');
  const auto second = first == std::string_view::npos ? first : line.find(' ', first + 1);
  if (second == std::string_view::npos || line.find(' ', second + 1) != std::string_view::npos)
    return refuse(refusal_reason::malformed, "The request line is not \"METHOD TARGET VERSION\".");
  const auto method = line.substr(0, first);
  const auto target = line.substr(first + 1, second - first - 1);
  const auto version = line.substr(second + 1);

  if (method.empty() || method.size() > 32 || !std::ranges::all_of(method, is_token_char))
    return refuse(refusal_reason::malformed, "The request's method is not a valid one.");
  const auto digit = [](char c) { return c >= '0' && c <= '9'; };
  if (version.size() != 8 || !version.starts_with("HTTP/") || !digit(version[5]) ||
      version[6] != '.' || !digit(version[7]))
    return refuse(refusal_reason::malformed, "The request line names no version of HTTP.");
  if (version != "HTTP/1.1" && version != "HTTP/1.0")
    return refuse(refusal_reason::unknown_version, "Only HTTP/1.1 and HTTP/1.0 are spoken here.");
  if (std::ranges::find(methods, method) == methods.end())
    return refuse(refusal_reason::unknown_method, "The method {} is not known here.", method);

  auto parsed = parse_target(method, target, limits);
  if (!parsed) return tl::unexpected<refusal>{std::move(parsed.error())};
  head.method = method;
  head.http_1_0 = version == "HTTP/1.0";
  head.path = std::move(parsed->path);
  head.target = std::move(parsed->origin);
  head.query = std::move(parsed->query);
  authority = std::move(parsed->authority);
  return {};
}

/// Keeps the value of a header that may stand once.
bool keep_only(std::optional<std::string>& slot, std::string_view value) {
  if (slot) return false;
  slot.emplace(value);
  return true;
}

tl::expected<void, refusal> read_header(std::string_view line, request_head& head, framing& seen) {
  const auto colon = line.find(':');
  if (line.front() == ' ' || line.front() == '\t')
    return refuse(refusal_reason::malformed, "A header is folded over two lines.");
  if (colon == 0 || colon == std::string_view::npos)
    return refuse(refusal_reason::malformed, "A header line has no name or no colon.");
  const auto name = line.substr(0, colon);
  const auto value = trimmed(line.substr(colon + 1));
  if (!std::ranges::all_of(name, is_token_char))
    return refuse(refusal_reason::malformed,
                  "A header's name has a character that it may not have.");
  if (!valid_value(value))
    return refuse(refusal_reason::malformed, "The header {} has a control character.", name);

  if (same_word(name, "content-length")) {
    if (!keep_only(seen.length, value))
      return refuse(refusal_reason::ambiguous_length, "Content-Length stands there twice.");
  } else if (same_word(name, "transfer-encoding")) {
    if (!keep_only(seen.encoding, value))
      return refuse(refusal_reason::ambiguous_length, "Transfer-Encoding stands there twice.");
  } else if (same_word(name, "host")) {
    if (!keep_only(seen.host, value))
      return refuse(refusal_reason::bad_host, "Host stands there twice.");
  } else if (same_word(name, "connection")) {
    seen.close |= lists(value, "close");
    seen.keep_alive |= lists(value, "keep-alive");
  } else if (same_word(name, "expect")) {
    if (!same_word(value, "100-continue"))
      return refuse(refusal_reason::expectation, "Only \"Expect: 100-continue\" can be met.");
    head.expects_continue = true;
  } else if (same_word(name, "content-encoding")) {
    if (!value.empty() && !same_word(value, "identity"))
      return refuse(refusal_reason::content_encoding,
                    "Compressed bodies are not taken; send it as it is.");
  }
  head.headers.emplace_back(name, value);
  return {};
}

tl::expected<void, refusal> read_framing(const framing& seen, request_head& head) {
  if (seen.length && seen.encoding)
    return refuse(refusal_reason::ambiguous_length,
                  "Content-Length and Transfer-Encoding exclude each other.");
  if (seen.length) {
    const auto& text = *seen.length;
    uint64_t value = 0;
    const auto all_digits = text.find_first_not_of("0123456789") == std::string::npos;
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (text.empty() || text.size() > 18 || !all_digits || failed != std::errc{} ||
        end != text.data() + text.size())
      return refuse(refusal_reason::ambiguous_length, "Content-Length is not a plain number.");
    head.content_length = value;
  }
  if (seen.encoding) {
    if (head.http_1_0 || !same_word(*seen.encoding, "chunked"))
      return refuse(refusal_reason::ambiguous_length,
                    "Transfer-Encoding must be \"chunked\" and nothing else, on HTTP/1.1.");
    head.chunked = true;
  }
  if (!seen.host && !head.http_1_0)
    return refuse(refusal_reason::bad_host, "The header Host is missing.");
  if (seen.host && !valid_host(*seen.host))
    return refuse(refusal_reason::bad_host, "The header Host is not a valid host.");
  head.keep_alive = !seen.close && (!head.http_1_0 || seen.keep_alive);
  head.expects_continue = head.expects_continue && !head.http_1_0;
  return {};
}

} // namespace

const std::string* request_head::header(std::string_view name) const {
  for (const auto& [key, value] : headers)
    if (same_word(key, name)) return &value;
  return nullptr;
}

tl::expected<request_head, refusal> parse_head(std::string_view bytes, const edge_limits& limits) {
  request_head head;
  framing seen;
  std::string authority;
  const auto first = take_line(bytes);
  if (!first) return refuse(refusal_reason::malformed, "The request line does not end.");
  if (auto ok = read_request_line(*first, limits, head, authority); !ok)
    return tl::unexpected<refusal>{std::move(ok.error())};

  for (;;) {
    const auto line = take_line(bytes);
    if (!line) return refuse(refusal_reason::malformed, "The headers do not end.");
    if (line->empty()) break;
    if (head.headers.size() >= limits.header_lines)
      return refuse(refusal_reason::too_many_headers, "More than {} header lines.",
                    limits.header_lines);
    if (auto ok = read_header(*line, head, seen); !ok)
      return tl::unexpected<refusal>{std::move(ok.error())};
  }
  if (!bytes.empty()) return refuse(refusal_reason::malformed, "Bytes after the head's end.");
  if (auto ok = read_framing(seen, head); !ok)
    return tl::unexpected<refusal>{std::move(ok.error())};
  if (!authority.empty()) // RFC 9112 §3.2.2: the target's host counts, not the header's
    for (auto& [name, value] : head.headers)
      if (same_word(name, "host")) value = authority;
  return head;
}

bool same_word(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::ranges::equal(a, b, [&](char x, char y) { return lower(x) == lower(y); });
}

bool is_token_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         (c != '\0' && std::string_view{"!#$%&'*+-.^_`|~"}.find(c) != std::string_view::npos);
}

} // namespace perennial::http
