#include "protocol/provider/proxy.hpp"

#include "protocol/base/text.hpp"

#include <openssl/evp.h>

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <cstring>

namespace perennial {

namespace {

/// The bytes of an IPv4 or IPv6 address, or nothing.
struct address_bytes {
  std::array<uint8_t, 16> bytes{};
  size_t size = 0;
};

address_bytes parse_address(std::string_view text) {
  address_bytes out;
  const std::string copy{text};
  if (::inet_pton(AF_INET, copy.c_str(), out.bytes.data()) == 1)
    out.size = 4;
  else if (::inet_pton(AF_INET6, copy.c_str(), out.bytes.data()) == 1)
    out.size = 16;
  return out;
}

bool same_network(const address_bytes& a, const address_bytes& b, size_t bits) {
  if (a.size != b.size || bits > a.size * 8) return false;
  if (std::memcmp(a.bytes.data(), b.bytes.data(), bits / 8) != 0) return false;
  const auto rest = bits % 8;
  return rest == 0 || (a.bytes[bits / 8] >> (8 - rest)) == (b.bytes[bits / 8] >> (8 - rest));
}

bool is_this_machine(std::string_view host) {
  if (host == "localhost" || host.ends_with(".localhost")) return true;
  const auto address = parse_address(host);
  return (address.size == 4 && address.bytes[0] == 127) ||
         same_network(address, parse_address("::1"), 128);
}

template <class T>
bool read_number(std::string_view text, T& out) {
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), out);
  return ec == std::errc{} && end == text.data() + text.size();
}

bool entry_matches(std::string entry, std::string_view host, const address_bytes& address,
                   uint16_t port) {
  if (entry == "*") return true;
  if (const auto slash = entry.find('/'); slash != std::string::npos) {
    size_t bits = 0;
    return address.size != 0 && read_number(std::string_view{entry}.substr(slash + 1), bits) &&
           same_network(address, parse_address(std::string_view{entry}.substr(0, slash)), bits);
  }
  if (entry.starts_with('[')) { // [::1] or [::1]:8080
    const auto end = entry.find(']');
    if (end == std::string::npos) return false;
    if (entry.size() > end + 1) {
      uint16_t wanted = 0;
      if (!read_number(std::string_view{entry}.substr(end + 2), wanted) || wanted != port)
        return false;
    }
    entry = entry.substr(1, end - 1);
  } else if (std::count(entry.begin(), entry.end(), ':') == 1) {
    const auto colon = entry.find(':');
    uint16_t wanted = 0;
    if (!read_number(std::string_view{entry}.substr(colon + 1), wanted) || wanted != port)
      return false;
    entry.resize(colon);
  }
  if (address.size != 0) return same_network(address, parse_address(entry), address.size * 8);
  std::string_view name = entry;
  if (name.starts_with("*.")) name.remove_prefix(1);
  if (name.starts_with('.')) name.remove_prefix(1);
  if (name.empty() || !host.ends_with(name)) return false;
  return host.size() == name.size() || host[host.size() - name.size() - 1] == '.';
}

/// Percent-decoding of a user or password; what is no %XX stays.
std::string percent_decoded(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    unsigned value = 0;
    if (text[i] == '%' && i + 2 < text.size() &&
        std::from_chars(text.data() + i + 1, text.data() + i + 3, value, 16).ptr ==
          text.data() + i + 3) {
      out.push_back(static_cast<char>(value));
      i += 2;
    } else {
      out.push_back(text[i]);
    }
  }
  return out;
}

secret basic_authorization(std::string_view user_and_password) {
  const auto plain = percent_decoded(user_and_password);
  std::string coded(4 * ((plain.size() + 2) / 3) + 1, '\0');
  const int n = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(coded.data()),
                                reinterpret_cast<const unsigned char*>(plain.data()),
                                static_cast<int>(plain.size()));
  coded.resize(static_cast<size_t>(n));
  return secret{"Basic " + coded};
}

result<proxy_address> parse_proxy(std::string_view text, std::string_view variable) {
  if (const auto scheme = text.find("://"); scheme != std::string_view::npos) {
    if (lower(text.substr(0, scheme)) != "http")
      return fail(errc::unsupported,
                  "{} names a proxy that is not an http:// one; only those are spoken here",
                  variable);
    text.remove_prefix(scheme + 3);
  }
  text = text.substr(0, text.find('/'));
  proxy_address out;
  if (const auto at = text.rfind('@'); at != std::string_view::npos) {
    out.authorization = basic_authorization(text.substr(0, at));
    text.remove_prefix(at + 1);
  }
  auto where = parse_base_url(fmt::format("http://{}", text));
  if (!where)
    return fail(
      errc::invalid_input,
      "{} cannot be read as a proxy; write it like http://proxy.example:3128, or unset it",
      variable);
  out.host = where->host;
  out.port = where->port;
  return out;
}

} // namespace

environment process_environment() {
  return [](const std::string& name) -> std::optional<std::string> {
    const char* value = std::getenv(name.c_str());
    if (!value) return std::nullopt;
    return std::string{value};
  };
}

std::string proxy_address::to_string() const { return url{false, host, port, ""}.authority(); }

bool matches_no_proxy(std::string_view no_proxy, std::string_view host, uint16_t port) {
  const auto address = parse_address(host);
  while (!no_proxy.empty()) {
    const auto comma = std::min(no_proxy.find(','), no_proxy.size());
    auto entry = no_proxy.substr(0, comma);
    no_proxy.remove_prefix(std::min(comma + 1, no_proxy.size()));
    while (entry.starts_with(' ')) entry.remove_prefix(1);
    while (entry.ends_with(' ')) entry.remove_suffix(1);
    if (!entry.empty() && entry_matches(lower(entry), host, address, port)) return true;
  }
  return false;
}

result<std::optional<proxy_address>> find_proxy(const url& target, const environment& env) {
  if (is_this_machine(target.host)) return std::nullopt;
  const auto first_set = [&env](std::initializer_list<const char*> names, std::string& name) {
    for (const char* candidate : names) {
      auto value = env(candidate);
      name = candidate;
      if (value && !value->empty()) return *value;
    }
    return std::string{};
  };
  std::string name;
  if (const auto skip = first_set({"no_proxy", "NO_PROXY"}, name);
      matches_no_proxy(skip, target.host, target.port))
    return std::nullopt;
  const auto text = target.tls
                      ? first_set({"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"}, name)
                      : first_set({"http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"}, name);
  if (text.empty()) return std::nullopt;
  auto found = parse_proxy(text, name);
  if (!found) return tl::unexpected{found.error()};
  return std::optional{std::move(*found)};
}

} // namespace perennial
