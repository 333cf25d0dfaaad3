#include "protocol/http/url.hpp"

#include <algorithm>
#include <charconv>

namespace perennial::http {

namespace {

bool is_plain(char c) { return c > 0x20 && c < 0x7f; }

} // namespace

std::string url::origin() const {
  const bool literal = host.find(':') != std::string::npos;
  return fmt::format("{}://{}{}{}:{}", tls ? "https" : "http", literal ? "[" : "", host,
                     literal ? "]" : "", port);
}

result<url> parse_base_url(std::string_view text) {
  // What was given may hold a key: it is never repeated whole.
  const auto refuse = [](std::string_view why) -> result<url> {
    return fail(errc::invalid_input, "the base URL {}; write it like https://api.openai.com/v1",
                why);
  };
  url u;
  std::string_view rest = text;
  if (rest.starts_with("https://")) {
    u.tls = true;
    rest.remove_prefix(8);
  } else if (rest.starts_with("http://")) {
    rest.remove_prefix(7);
  } else {
    return refuse("must begin with https:// or http://");
  }
  if (!std::all_of(rest.begin(), rest.end(), is_plain))
    return refuse("holds spaces or control characters");
  if (rest.find('?') != std::string_view::npos)
    return refuse("must have no query (nothing after a ?)");
  if (rest.find('#') != std::string_view::npos)
    return refuse("must have no fragment (nothing after a #)");
  const auto slash = rest.find('/');
  auto authority = rest.substr(0, slash);
  if (authority.find('@') != std::string_view::npos) {
    return refuse("must hold no user name or key (nothing before an @); keys come from a variable");
  }
  if (slash != std::string_view::npos) {
    u.prefix = rest.substr(slash);
    while (u.prefix.ends_with('/')) u.prefix.pop_back();
  }
  std::string_view port;
  if (authority.starts_with('[')) {
    const auto end = authority.find(']');
    if (end == std::string_view::npos) return refuse("has a [ without its ]");
    u.host = authority.substr(1, end - 1);
    authority.remove_prefix(end + 1);
    if (!authority.empty() && authority.front() != ':')
      return refuse("has more than a port after its ]");
    if (!authority.empty()) port = authority.substr(1);
    if (!authority.empty() && port.empty()) return refuse("has a : without a port");
  } else {
    const auto colon = authority.find(':');
    u.host = authority.substr(0, colon);
    if (colon != std::string_view::npos) {
      port = authority.substr(colon + 1);
      if (port.empty()) return refuse("has a : without a port");
    }
  }
  if (u.host.empty()) return refuse("names no host");
  u.port = u.tls ? 443 : 80;
  if (!port.empty()) {
    unsigned n = 0;
    const auto [end, ec] = std::from_chars(port.data(), port.data() + port.size(), n);
    if (ec != std::errc{} || end != port.data() + port.size() || n == 0 || n > 65535) {
      return refuse("has a port that is no number from 1 to 65535");
    }
    u.port = static_cast<uint16_t>(n);
  }
  return u;
}

} // namespace perennial::http
