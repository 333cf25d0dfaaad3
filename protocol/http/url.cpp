#include "protocol/http/url.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>

namespace perennial {

namespace {

uint16_t usual_port(bool tls) noexcept { return tls ? 443 : 80; }

bool visible(std::string_view text) noexcept {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < '\x7f'; });
}

char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

bool is_name(std::string_view host) noexcept {
  return !host.empty() && host.size() <= 253 && std::all_of(host.begin(), host.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
  });
}

/// Cuts scheme:// off the front of `rest`.
result<bool> take_scheme(std::string_view& rest, std::string_view example) {
  const auto end = rest.find("://");
  if (end == std::string_view::npos)
    return fail(errc::invalid_input, "the base URL has no scheme; write it like {}", example);
  std::string scheme{rest.substr(0, end)};
  std::transform(scheme.begin(), scheme.end(), scheme.begin(), lower);
  rest.remove_prefix(end + 3);
  if (scheme == "https") return true;
  if (scheme == "http") return false;
  return fail(errc::invalid_input,
              "the base URL's scheme is neither http nor https; write it like {}", example);
}

result<uint16_t> parse_port(std::string_view text) {
  unsigned port = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (ec != std::errc{} || end != text.data() + text.size() || port == 0 || port > 65535)
    return fail(errc::invalid_input,
                "the base URL's port is not a number from 1 to 65535; write it like "
                "http://127.0.0.1:8080/v1");
  return static_cast<uint16_t>(port);
}

/// Splits host[:port] or [v6][:port]. `port` is left empty where there is none.
result<std::string> take_host(std::string_view text, std::string_view& port, bool& has_port,
                              std::string_view example) {
  has_port = false;
  if (text.starts_with('[')) {
    const auto end = text.find(']');
    std::string host{text.substr(1, end == std::string_view::npos ? 0 : end - 1)};
    in6_addr v6{};
    if (host.empty() || ::inet_pton(AF_INET6, host.c_str(), &v6) != 1)
      return fail(errc::invalid_input,
                  "the base URL's IPv6 address cannot be read; write it like http://[::1]:8080/v1");
    text.remove_prefix(end + 1);
    if (!text.empty() && text.front() != ':')
      return fail(errc::invalid_input,
                  "the base URL has text after its IPv6 address; write it like "
                  "http://[::1]:8080/v1");
    has_port = !text.empty();
    if (has_port) port = text.substr(1);
    std::transform(host.begin(), host.end(), host.begin(), lower);
    return host;
  }
  const auto colon = text.find(':');
  if (colon != std::string_view::npos && text.find(':', colon + 1) != std::string_view::npos)
    return fail(errc::invalid_input,
                "an IPv6 address in a base URL stands in brackets; write it like "
                "http://[::1]:8080/v1");
  std::string host{text.substr(0, colon)};
  std::transform(host.begin(), host.end(), host.begin(), lower);
  if (!is_name(host))
    return fail(errc::invalid_input, "the base URL has no host name; write it like {}", example);
  has_port = colon != std::string_view::npos;
  if (has_port) port = text.substr(colon + 1);
  return host;
}

} // namespace

std::string url::host_header() const {
  if (port != usual_port(tls)) return authority();
  return host.find(':') == std::string::npos ? host : fmt::format("[{}]", host);
}

std::string url::authority() const {
  return host.find(':') == std::string::npos ? fmt::format("{}:{}", host, port)
                                             : fmt::format("[{}]:{}", host, port);
}

std::string url::to_string() const {
  return fmt::format("{}://{}{}", tls ? "https" : "http", host_header(), prefix);
}

result<url> parse_base_url(std::string_view text, std::string_view example) {
  if (!visible(text))
    return fail(
      errc::invalid_input,
      "the base URL holds a space, a control character or a letter outside ASCII; write it like {}",
      example);
  auto rest = text;
  url out;
  auto tls = take_scheme(rest, example);
  if (!tls) return tl::unexpected{tls.error()};
  out.tls = *tls;
  // Checked first, so that no later message can show a password.
  const auto end = rest.find_first_of("/?#");
  const auto authority = rest.substr(0, end);
  if (authority.find('@') != std::string_view::npos)
    return fail(errc::invalid_input,
                "the base URL holds a user or a password; leave them out and give the key through "
                "its environment variable");
  if (rest.find('?') != std::string_view::npos)
    return fail(errc::invalid_input,
                "the base URL has a query (?…); leave it out: write it like {}", example);
  if (rest.find('#') != std::string_view::npos)
    return fail(errc::invalid_input,
                "the base URL has a fragment (#…); leave it out: write it like {}", example);

  std::string_view port;
  bool has_port = false;
  auto host = take_host(authority, port, has_port, example);
  if (!host) return tl::unexpected{host.error()};
  out.host = std::move(*host);
  out.port = usual_port(out.tls);
  if (has_port) {
    auto number = parse_port(port);
    if (!number) return tl::unexpected{number.error()};
    out.port = *number;
  }
  if (end != std::string_view::npos) out.prefix = rest.substr(end);
  while (out.prefix.ends_with('/')) out.prefix.pop_back();
  return out;
}

std::string join_path(std::string_view prefix, std::string_view path) {
  if (!prefix.empty() && path.starts_with("/v1/")) path.remove_prefix(3);
  std::string out;
  out.reserve(prefix.size() + path.size());
  return out.append(prefix).append(path);
}

bool is_request_path(std::string_view path) noexcept {
  return path.starts_with('/') && path.size() <= 8000 && visible(path);
}

} // namespace perennial
