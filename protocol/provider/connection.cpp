#include "protocol/provider/connection.hpp"

#include "protocol/base/unique_fd.hpp"
#include "protocol/provider/deadline_watch.hpp"
#include "protocol/provider/http_client.hpp"
#include "protocol/provider/resolver.hpp"
#include "protocol/provider/retry_after.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <mutex>

namespace perennial::provider {

namespace {

using std::chrono::duration_cast;
using std::chrono::milliseconds;

/// Why the watch ended a call.
enum class ended_by : uint8_t { nobody, total, connect, first_byte, idle, abort };

bool is_clean(std::string_view header_value) {
  return std::none_of(header_value.begin(), header_value.end(),
                      [](char c) { return c == '\r' || c == '\n' || c == '\0'; });
}

/// "https://host" of a redirect's target: the rest may hold anything.
std::string origin_of(const std::string& location) {
  const auto scheme = location.find("://");
  if (scheme == std::string::npos) return {};
  const auto end = location.find_first_of("/?#", scheme + 3);
  auto origin = location.substr(0, end);
  const auto at = origin.find('@');
  return at == std::string::npos && origin.size() < 200 && is_clean(origin) ? origin
                                                                            : std::string{};
}

std::optional<milliseconds> wait_of(const httplib::Response& r) {
  if (r.has_header("retry-after-ms")) {
    if (auto ms = parse_retry_after_ms(r.get_header_value("retry-after-ms"))) return ms;
  }
  if (!r.has_header("Retry-After")) return std::nullopt;
  return parse_retry_after(r.get_header_value("Retry-After"), wall_now());
}

/// A provider may repeat the key in its error; results must not.
void hide_key(std::string& body, const secret& key) {
  if (key.empty()) return;
  for (auto at = body.find(key.reveal()); at != std::string::npos;
       at = body.find(key.reveal(), at)) {
    body.replace(at, key.reveal().size(), "***");
  }
}

} // namespace

std::string join_path(std::string_view prefix, std::string_view endpoint) {
  constexpr std::string_view version = "/v1";
  if (prefix.ends_with(version) && endpoint.starts_with("/v1/"))
    prefix.remove_suffix(version.size());
  return fmt::format("{}{}", prefix, endpoint);
}

struct connection::impl final : watched {
  explicit impl(provider_settings s)
    : settings(std::move(s))
    , proxied(uses_proxy(settings)) {
    clean = is_clean(settings.key.reveal()) && is_clean(settings.user_agent);
  }
  ~impl() override { deadline_watch::instance().remove(this); }

  void end_call() override;
  void make_client();
  call_report attempt(const std::string& path, std::string_view body);
  void explain(call_report& r, httplib::Error e);
  bool choose_address(call_report& r, size_t tried);
  void set_phase(milliseconds from_now) {
    phase_deadline.store(to_ns(steady_now() + from_now), std::memory_order_relaxed);
  }

  provider_settings settings;
  bool proxied;
  bool clean;
  std::mutex mutex;                            ///< Guards `client`'s making and `own_fd`.
  std::unique_ptr<httplib::ClientImpl> client; ///< Used by one call at a time.
  unique_fd own_fd; ///< Of a connection's first call: can be shut while it connects.
  bool in_call = false;
  std::atomic<bool> closed{false};
  std::atomic<uint64_t> made{0};
  bool connected_now = false;    ///< This call made a connection...
  std::atomic<bool> sent{false}; ///< ...and it came to stand.
  std::atomic<ended_by> end{ended_by::nobody};
  std::atomic<bool> got_head{false};
  std::vector<std::string> addresses;
};

void connection::impl::end_call() {
  const std::lock_guard lock{mutex};
  if (!in_call) {
    abort_wanted = false;
    return;
  }
  if (end == ended_by::nobody) {
    const auto now = to_ns(steady_now());
    const auto total = total_deadline.load();
    if (abort_wanted)
      end = ended_by::abort;
    else if (total != 0 && total <= now)
      end = ended_by::total;
    else
      end = got_head ? ended_by::idle : ended_by::first_byte;
  }
  abort_wanted = false;
  total_deadline = 0;
  phase_deadline = 0;
  // A descriptor of our own can be shut even while httplib connects with its lock held.
  if (own_fd) {
    ::shutdown(own_fd.get(), SHUT_RDWR);
  } else if (client) {
    client->stop();
  }
}

void connection::impl::make_client() {
  auto fresh = make_http_client(settings);
  fresh->set_socket_options([this](socket_t fd) {
    ++made;
    connected_now = true;
    const std::lock_guard lock{mutex};
    own_fd = unique_fd{::dup(fd)};
  });
  const std::lock_guard lock{mutex};
  client = std::move(fresh);
}

bool connection::impl::choose_address(call_report& r, size_t tried) {
  if (proxied) return tried == 0;
  if (tried == 0 && !client->is_socket_open()) {
    auto found = resolve(settings.base.host, settings.limits.connect);
    if (!found) {
      r.failure = transport_failure::dns;
      r.failure_text = found.error().message;
      return false;
    }
    addresses = std::move(*found);
  }
  if (addresses.empty()) return tried == 0;
  if (tried >= addresses.size()) return false;
  client->set_hostname_addr_map({{settings.base.host, addresses[tried]}});
  return true;
}

void connection::impl::explain(call_report& r, httplib::Error e) {
  using httplib::Error;
  r.sent = got_head || !connected_now || e == Error::Read || e == Error::Write;
  switch (end.load()) {
  case ended_by::abort: r.failure = transport_failure::aborted; return;
  case ended_by::total: r.failure = transport_failure::total_timeout; return;
  case ended_by::idle: r.failure = transport_failure::idle_timeout; return;
  case ended_by::connect: r.failure = transport_failure::connect_timeout; return;
  case ended_by::first_byte: r.failure = transport_failure::first_byte_timeout; return;
  case ended_by::nobody: break;
  }
  switch (e) {
  case Error::Connection:
    r.failure = transport_failure::refused;
    r.sent = false;
    break;
  case Error::ConnectionTimeout:
    r.failure = transport_failure::connect_timeout;
    r.sent = false;
    break;
  case Error::SSLConnection:
  case Error::SSLLoadingCerts:
  case Error::SSLServerVerification:
    r.failure = transport_failure::tls;
    r.failure_text = e == Error::SSLServerVerification
                       ? "the server's certificate is not trusted, or is for another name"
                     : e == Error::SSLLoadingCerts ? "the certificates cannot be loaded"
                                                   : "no handshake";
    r.sent = false;
    break;
  case Error::Canceled: r.failure = transport_failure::too_large; break;
  default: r.failure = got_head ? transport_failure::truncated : transport_failure::reset; break;
  }
}

call_report connection::impl::attempt(const std::string& path, std::string_view body) {
  call_report r;
  r.reused = client->is_socket_open() != 0;
  connected_now = false;
  got_head = false;
  httplib::Request request;
  request.method = "POST";
  request.path = path;
  request.body.assign(body);
  request.headers.emplace("Content-Type", "application/json");
  request.headers.emplace("User-Agent", settings.user_agent);
  if (!settings.key.empty()) {
    request.headers.emplace("Authorization", "Bearer " + settings.key.reveal());
  }
  request.response_handler = [&](const httplib::Response& head) {
    got_head = true;
    r.status = head.status;
    set_phase(settings.limits.idle);
    return true;
  };
  request.content_receiver = [&](const char* data, size_t size, uint64_t, uint64_t total) {
    if (r.body.size() + size > settings.max_response_bytes) return false;
    if (r.body.empty() && total > 0 && total <= settings.max_response_bytes) r.body.reserve(total);
    r.body.append(data, size);
    set_phase(settings.limits.idle);
    return true;
  };
  set_phase(settings.limits.first_byte);
  httplib::Response response;
  httplib::Error error = httplib::Error::Success;
  const bool ok = client->send(request, response, error);
  {
    const std::lock_guard lock{mutex};
    own_fd.reset(); // from here on the client's own stop() does not block
  }
  if (!ok || end != ended_by::nobody) {
    explain(r, error);
    return r;
  }
  r.sent = true;
  r.status = response.status;
  r.request_id = response.get_header_value("x-request-id");
  r.content_type = response.get_header_value("Content-Type");
  r.retry_after = wait_of(response);
  if (response.status >= 300 && response.status < 400) {
    r.location_origin = origin_of(response.get_header_value("Location"));
  }
  if (response.status >= 400) hide_key(r.body, settings.key);
  return r;
}

connection::connection(provider_settings settings)
  : impl_(std::make_unique<impl>(std::move(settings))) {}
connection::~connection() = default;

call_report connection::call(std::string_view endpoint, std::string_view body) {
  auto& c = *impl_;
  call_report r;
  if (c.closed) {
    r.failure = transport_failure::aborted;
    return r;
  }
  if (!c.clean) {
    r.failure = transport_failure::refused;
    r.failure_text = "the key or the user agent holds a line break; nothing was sent";
    return r;
  }
  const auto started = steady_now();
  const bool first = !c.client;
  if (first) c.make_client();
  const auto path = join_path(c.settings.base.prefix, endpoint);
  {
    const std::lock_guard lock{c.mutex};
    c.end = ended_by::nobody;
    c.abort_wanted = false;
    c.in_call = true;
    c.total_deadline = to_ns(started + c.settings.limits.total);
  }
  if (first) deadline_watch::instance().add(&c);
  for (size_t tried = 0; c.choose_address(r, tried); ++tried) {
    r = c.attempt(path, body);
    const bool elsewhere = r.failure == transport_failure::refused && c.end == ended_by::nobody;
    if (!elsewhere) break;
  }
  {
    const std::lock_guard lock{c.mutex};
    c.in_call = false;
    c.total_deadline = 0;
    c.phase_deadline = 0;
  }
  r.took = duration_cast<milliseconds>(steady_now() - started);
  return r;
}

void connection::abort() { impl_->abort_wanted = true; }

void connection::close() {
  impl_->closed = true;
  abort();
}

const provider_settings& connection::settings() const { return impl_->settings; }
uint64_t connection::connections_made() const { return impl_->made; }

} // namespace perennial::provider
