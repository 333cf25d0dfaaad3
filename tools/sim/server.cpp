#include "tools/sim/server.hpp"

#include <nlohmann/json.hpp>

#include <cstdlib>
#include <thread>

namespace perennial::sim {

namespace {

constexpr const char* control_host = "127.0.0.1";

settings started_now(settings s) {
  s.outages.started = steady_now();
  return s;
}

} // namespace

server::server(const command_line& flags)
  : provider_(started_now(flags.behaviour))
  , tls_on_(flags.tls) {}

result<std::unique_ptr<server>> server::open(const command_line& flags) {
  std::unique_ptr<server> out(new server(flags));
  if (flags.tls) {
    auto tls = flags.cert.empty() ? make_tls(flags.write_ca) : load_tls(flags.cert, flags.key);
    if (!tls) return tl::unexpected(tls.error());
    out->tls_ = std::move(*tls);
  }
  auto address = reserved_address::take(flags.listen, flags.port);
  if (!address) return tl::unexpected(address.error());
  auto control = reserved_address::take(control_host, 0);
  if (!control) return tl::unexpected(control.error());
  out->address_ = std::move(*address);
  out->control_address_ = std::move(*control);
  for (unsigned i = 0; i < flags.threads; ++i) {
    auto loop = event_loop::open(out->provider_, out->address_, out->tls_.get(), i);
    if (!loop) return tl::unexpected(loop.error());
    out->loops_.push_back(std::move(*loop));
  }
  if (auto ok = out->loops_.front()->serve_control(out->control_address_); !ok)
    return tl::unexpected(ok.error());
  out->provider_.on_change([loops = &out->loops_] {
    for (const auto& loop : *loops) loop->wake();
  });
  return out;
}

std::string server::ready_line() const {
  const std::string url =
    fmt::format("{}://{}:{}/v1", tls_on_ ? "https" : "http", address_.url_host(), address_.port());
  const std::string control =
    fmt::format("http://{}:{}", control_address_.url_host(), control_address_.port());
  return nlohmann::json{
    {"port", address_.port()}, {"url", url}, {"control_url", control}, {"tls", tls_on_}}
    .dump();
}

void server::run() {
  for (size_t i = 1; i < loops_.size(); ++i)
    std::thread([loop = loops_[i].get()] { loop->run(); }).detach();
  loops_.front()->run();
  std::abort(); // a loop never ends
}

} // namespace perennial::sim
