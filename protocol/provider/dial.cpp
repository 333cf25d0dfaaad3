#include "protocol/provider/dial.hpp"

#include "protocol/provider/call_stream.hpp"
#include "protocol/provider/http_exchange.hpp"

#include <httplib.h>

namespace perennial {

namespace {

tl::unexpected<dial_problem> cannot(transport_failure failure, std::string detail) {
  return tl::unexpected{dial_problem{failure, std::move(detail)}};
}

transport_failure kind_of(dial_failure failure) {
  switch (failure) {
  case dial_failure::refused: return transport_failure::refused;
  case dial_failure::timed_out: return transport_failure::connect_timeout;
  case dial_failure::aborted: return transport_failure::aborted;
  case dial_failure::tls: return transport_failure::tls;
  }
  return transport_failure::refused;
}

tl::expected<std::vector<socket_address>, dial_problem>
look_up(resolver& names, const std::string& host, steady_time deadline, interrupt& stop) {
  auto found = names.resolve(host, deadline, stop.stop());
  if (found) return std::move(*found);
  if (found.error().kind == errc::cancelled)
    return cannot(transport_failure::aborted, std::move(found.error().message));
  return cannot(transport_failure::dns, std::move(found.error().message));
}

tl::expected<channel, dial_problem> connect_any(const std::vector<socket_address>& addresses,
                                                uint16_t port, steady_time deadline,
                                                interrupt& stop) {
  dial_error last{dial_failure::refused, "the name has no address"};
  std::string where;
  for (size_t i = 0; i < addresses.size(); ++i) {
    const auto now = steady_now();
    const auto share = (deadline - now) / static_cast<int64_t>(addresses.size() - i);
    auto made = channel::connect(addresses[i].with_port(port), now + share, stop);
    if (made) return std::move(*made);
    last = std::move(made.error());
    where = addresses[i].to_string();
    if (last.kind == dial_failure::aborted) break;
  }
  return cannot(kind_of(last.kind),
                fmt::format("cannot connect to {} port {}: {}", where, port, last.message));
}

/// Asks the proxy for a way through. Its answer may hold no byte of what lies behind it.
tl::expected<void, dial_problem> open_tunnel(channel& way, const proxy_address& proxy,
                                             const url& target, const std::string& user_agent,
                                             const call_timeouts& timeouts, steady_time deadline,
                                             interrupt& stop) {
  httplib::Request request;
  request.method = "CONNECT";
  request.path = target.authority();
  request.headers = {{"Host", target.authority()}, {"User-Agent", user_agent}};
  if (!proxy.authorization.empty())
    request.headers.emplace("Proxy-Authorization", std::string{proxy.authorization.reveal()});
  // httplib writes a body after every head; an empty one must be there to be called.
  request.content_provider_ = [](size_t, size_t, httplib::DataSink&) { return true; };
  request.headers.emplace("Content-Length", "0");

  call_stream stream{way, timeouts, deadline};
  httplib::Response response;
  http_exchange exchange;
  const bool answered = exchange.run(stream, request, response);
  if (stop.stopped()) return cannot(transport_failure::aborted, "ended while asking the proxy");
  if (stream.failure() == transport_failure::total_timeout ||
      stream.failure() == transport_failure::first_byte_timeout)
    return cannot(transport_failure::connect_timeout,
                  fmt::format("the proxy {} did not open the way in time", proxy.to_string()));
  if (response.status == 407)
    return cannot(transport_failure::proxy,
                  fmt::format("the proxy {} wants a user and a password; put them into the proxy's "
                              "variable",
                              proxy.to_string()));
  if (!answered || response.status < 200 || response.status > 299 || !stream.clean())
    return cannot(transport_failure::proxy,
                  response.status > 0
                    ? fmt::format("the proxy {} refused the way to {} with status {}",
                                  proxy.to_string(), target.authority(), response.status)
                    : fmt::format("the proxy {} did not answer as a proxy does; check its variable",
                                  proxy.to_string()));
  return {};
}

} // namespace

tl::expected<channel, dial_problem> dial(const provider_settings& settings, const tls_client* tls,
                                         resolver& names, const call_timeouts& timeouts,
                                         steady_time deadline, interrupt& stop) {
  const auto& target = settings.base_url;
  const auto& proxy = settings.proxy;
  auto addresses = look_up(names, proxy ? proxy->host : target.host, deadline, stop);
  if (!addresses) return tl::unexpected{std::move(addresses.error())};
  auto way = connect_any(*addresses, proxy ? proxy->port : target.port, deadline, stop);
  if (!way) return way;
  if (tls) {
    if (proxy) {
      auto open = open_tunnel(*way, *proxy, target, settings.user_agent, timeouts, deadline, stop);
      if (!open) return tl::unexpected{std::move(open.error())};
    }
    if (auto done = way->start_tls(*tls, target.host, deadline); !done)
      return cannot(kind_of(done.error().kind), std::move(done.error().message));
  }
  return way;
}

} // namespace perennial
