#include "protocol/provider/http_client.hpp"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>

namespace perennial::provider {

namespace {

constexpr const char* system_certificates = "/etc/ssl/certs";
constexpr const char* system_bundle = "/etc/ssl/certs/ca-certificates.crt";

std::string variable(std::initializer_list<const char*> names) {
  for (const auto* name : names) {
    if (const char* value = std::getenv(name); value && *value) return value;
  }
  return {};
}

/// A directory that OpenSSL can search by hash: reading one certificate on demand costs 6 ms and 64
/// KiB a client, loading the whole bundle 64 ms and 880 KiB.
bool is_hashed(const std::string& dir) {
  static const auto probe = [](const std::string& d) {
    std::error_code ec;
    for (const auto& e : std::filesystem::directory_iterator{d, ec}) {
      const auto name = e.path().filename().string();
      if (name.size() == 10 && name.ends_with(".0") &&
          std::all_of(name.begin(), name.begin() + 8,
                      [](unsigned char c) { return std::isxdigit(c); })) {
        return true;
      }
    }
    return false;
  };
  static const bool system = probe(system_certificates);
  return dir == system_certificates ? system : probe(dir);
}

bool excluded(const std::string& host, std::string_view list) {
  while (!list.empty()) {
    const auto comma = list.find(',');
    auto entry = list.substr(0, comma);
    list = comma == std::string_view::npos ? std::string_view{} : list.substr(comma + 1);
    while (entry.starts_with(' ')) entry.remove_prefix(1);
    while (entry.ends_with(' ')) entry.remove_suffix(1);
    if (entry == "*") return true;
    if (entry.starts_with('.')) entry.remove_prefix(1);
    if (entry.empty()) continue;
    if (host == entry) return true;
    if (host.size() > entry.size() && host.ends_with(entry) &&
        host[host.size() - entry.size() - 1] == '.') {
      return true;
    }
  }
  return false;
}

struct proxy {
  http::url where;
  std::string user;
  std::string password;
};

std::optional<proxy> proxy_for(const provider_settings& s) {
  auto text = s.base.tls ? variable({"HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"})
                         : variable({"http_proxy", "ALL_PROXY", "all_proxy"});
  if (text.empty() || excluded(s.base.host, variable({"NO_PROXY", "no_proxy"})))
    return std::nullopt;
  proxy p;
  if (text.find("://") == std::string::npos) text = "http://" + text;
  const auto start = text.find("://") + 3;
  if (const auto at = text.find('@', start); at != std::string::npos) {
    const auto user = text.substr(start, at - start);
    const auto colon = user.find(':');
    p.user = user.substr(0, colon);
    if (colon != std::string::npos) p.password = user.substr(colon + 1);
    text.erase(start, at + 1 - start);
  }
  auto where = http::parse_base_url(text);
  if (!where) return std::nullopt;
  p.where = std::move(*where);
  return p;
}

void set_certificates(httplib::SSLClient& client, const provider_settings& s) {
  auto file = s.ca_file.empty() ? variable({"SSL_CERT_FILE"}) : s.ca_file;
  auto dir = variable({"SSL_CERT_DIR"});
  if (dir.empty() && is_hashed(system_certificates)) dir = system_certificates;
  if (file.empty() && dir.empty()) file = system_bundle;
  client.set_ca_cert_path(file, dir);
  client.enable_server_certificate_verification(true);
}

} // namespace

bool uses_proxy(const provider_settings& settings) { return proxy_for(settings).has_value(); }

std::unique_ptr<httplib::ClientImpl> make_http_client(const provider_settings& s) {
  std::unique_ptr<httplib::ClientImpl> client;
  if (s.base.tls) {
    auto ssl = std::make_unique<httplib::SSLClient>(s.base.host, s.base.port);
    set_certificates(*ssl, s);
    client = std::move(ssl);
  } else {
    client = std::make_unique<httplib::ClientImpl>(s.base.host, s.base.port);
  }
  client->set_keep_alive(true);
  client->set_tcp_nodelay(true); // without it a keep-alive POST takes 88 ms
  client->set_follow_location(false);
  client->set_decompress(true);
  client->set_connection_timeout(s.limits.connect);
  // The deadline watch rules; these only keep a defect of it from lasting for ever.
  client->set_read_timeout(s.limits.total + std::chrono::seconds{5});
  client->set_write_timeout(s.limits.total + std::chrono::seconds{5});
  if (const auto p = proxy_for(s)) {
    client->set_proxy(p->where.host, p->where.port);
    if (!p->user.empty()) client->set_proxy_basic_auth(p->user, p->password);
  }
  return client;
}

} // namespace perennial::provider
