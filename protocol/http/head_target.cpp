#include "protocol/http/head_target.hpp"

#include "protocol/http/head.hpp"

#include <algorithm>

namespace perennial::http {

namespace {

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// Decodes `%XX`; one that is no such thing stays as it is.
std::string percent_decode(std::string_view text, bool plus_is_space) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size()) {
      const auto high = hex_value(text[i + 1]);
      const auto low = hex_value(text[i + 2]);
      if (high >= 0 && low >= 0) {
        out += static_cast<char>(high * 16 + low);
        i += 2;
        continue;
      }
    }
    out += plus_is_space && text[i] == '+' ? ' ' : text[i];
  }
  return out;
}

bool well_encoded(std::string_view text) {
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') continue;
    if (i + 2 >= text.size() || hex_value(text[i + 1]) < 0 || hex_value(text[i + 2]) < 0)
      return false;
    i += 2;
  }
  return true;
}

bool is_control(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte < 0x20 || byte == 0x7f;
}

tl::unexpected<refusal> malformed(const char* message) {
  return tl::unexpected<refusal>{refusal{refusal_reason::malformed, message}};
}

tl::unexpected<refusal> too_long() {
  return tl::unexpected<refusal>{
    refusal{refusal_reason::target_too_long, "The request's path or query is too long."}};
}

} // namespace

tl::expected<request_target, refusal> parse_target(std::string_view method, std::string_view target,
                                                   const edge_limits& limits) {
  if (target.size() > limits.target_bytes) return too_long();
  const auto unfit = [](char c) { return c <= ' ' || c >= 0x7f || c == '#'; };
  if (target.empty() || std::ranges::any_of(target, unfit) || !well_encoded(target))
    return malformed("The request's target is not a valid path.");

  request_target out;
  if (method == "OPTIONS" && target == "*") {
    out.path = out.origin = "*";
    return out;
  }
  if (target.size() > 7 && same_word(target.substr(0, 7), "http://")) {
    target.remove_prefix(7);
    const auto end = target.find_first_of("/?");
    out.authority = target.substr(0, end);
    if (out.authority.empty() || !valid_host(out.authority))
      return malformed("The request's target names no valid host.");
    target = end == std::string_view::npos ? std::string_view{} : target.substr(end);
    if (!target.starts_with('/')) out.origin = "/";
  } else if (!target.starts_with('/')) {
    return malformed("The request's target must start with a slash.");
  }
  const auto origin_path = out.origin + std::string{target.substr(0, target.find('?'))};
  if (origin_path.size() > limits.path_bytes) return too_long();
  out.path = percent_decode(origin_path, false);
  if (std::ranges::any_of(out.path, is_control))
    return malformed("The request's path has a control character.");

  out.origin = origin_path;
  if (const auto mark = target.find('?'); mark != std::string_view::npos) {
    out.query = target.substr(mark + 1);
    out.origin += '?';
    // httplib refuses a second question mark, which a query may have.
    for (const auto c : out.query) c == '?' ? out.origin += "%3F" : out.origin += c;
    if (out.origin.size() > limits.target_bytes) return too_long();
  }
  return out;
}

bool valid_host(std::string_view host) {
  if (host.empty()) return true;
  auto port = std::string_view{};
  if (host.starts_with('[')) {
    const auto close = host.find(']');
    if (close == std::string_view::npos || close < 3) return false;
    if (host.substr(1, close - 1).find_first_not_of("0123456789abcdefABCDEF:.") !=
        std::string_view::npos)
      return false;
    port = host.substr(close + 1);
    host = {};
  } else if (const auto colon = host.find(':'); colon != std::string_view::npos) {
    port = host.substr(colon);
    host = host.substr(0, colon);
    if (host.empty()) return false;
  }
  if (!port.empty()) {
    if (port.front() != ':' || port.size() > 6) return false;
    if (port.substr(1).find_first_not_of("0123456789") != std::string_view::npos) return false;
  }
  return std::ranges::all_of(host, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == '~';
  });
}

std::vector<std::pair<std::string, std::string>> parse_query(std::string_view query) {
  std::vector<std::pair<std::string, std::string>> out;
  while (!query.empty()) {
    const auto end = query.find('&');
    const auto pair = query.substr(0, end);
    const auto equals = pair.find('=');
    if (equals != 0 && !pair.empty())
      out.emplace_back(
        percent_decode(pair.substr(0, equals), true),
        equals == std::string_view::npos ? "" : percent_decode(pair.substr(equals + 1), true));
    if (end == std::string_view::npos) break;
    query.remove_prefix(end + 1);
  }
  return out;
}

} // namespace perennial::http
