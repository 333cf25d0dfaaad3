#include "tools/perennial/serve/serve_lives.hpp"

#include "tools/perennial/disk_wait.hpp"
#include "tools/perennial/exit_code.hpp"
#include "tools/perennial/output_file.hpp"
#include "tools/perennial/serve/service_manager.hpp"
#include "tools/perennial/terminal.hpp"

#include <fmt/format.h>

#include <memory>
#include <optional>
#include <thread>

namespace perennial::tool {

namespace {

result<void> write_port(const std::string& path, uint16_t port) {
  auto file = output_file::create(path);
  if (!file) return tl::unexpected{file.error()};
  if (auto ok = file->write(fmt::format("{}\n", port)); !ok) return ok;
  return file->commit();
}

/// Nothing: somebody asked for the end. Else what died in the service.
std::optional<std::string> wait_for_end(const serve_host& host, actors::service& service) {
  for (unsigned rounds = 0; host.interrupts.stops() == 0; ++rounds) {
    if (host.interrupts.take_reload()) host.on_reload(service);
    if (rounds % 100 == 0) tell_alive(); // every 5 s
    if (auto failure = service.failure()) return failure;
    std::this_thread::sleep_for(std::chrono::milliseconds{50});
  }
  return std::nullopt;
}

result<std::string> tell_where(const serve_host& host, const actors::gateway& gateway) {
  auto& where = host.where;
  const bool v6 = where.host.find(':') != std::string::npos;
  where.port = gateway.port(); // a later life has the same
  auto url = fmt::format("http://{}:{}", v6 ? "[" + where.host + "]" : where.host, where.port);
  say("listening on " + url);
  if (host.port_file.empty()) return url;
  if (auto ok = write_port(host.port_file, where.port); !ok) return tl::unexpected{ok.error()};
  return url;
}

/// From a start until somebody ends it, or until a vital part of it dies.
life_end live(const serve_host& host) {
  auto& interrupts = host.interrupts;
  auto started =
    when_there_is_room(interrupts, [&] { return actors::service::start(host.settings.service); });
  if (!started) return {refuse(started.error())};
  auto service = std::move(*started);
  auto gateway = actors::gateway::start(*service, host.where);
  if (!gateway) return {refuse(gateway.error())};
  const auto url = tell_where(host, **gateway);
  if (!url) return {refuse(url.error())};
  interrupts.on_hurry([&] { service->hurry(); });
  (*gateway)->set_ready(true);
  tell_ready(*url);
  host.on_start(*service);
  life_end end{done, wait_for_end(host, *service)};
  if (!end.died) {
    tell_stopping();
    say("Stopping: calls in flight may end (a second signal aborts them)…");
  }
  (*gateway)->stop(std::chrono::seconds{5});
  service->stop(end.died ? after_failure : host.settings.service.drain_deadline);
  interrupts.on_hurry({});
  gateway->reset();
  take_down(std::move(service), end, host.end_now);
  return end;
}

} // namespace

int refuse(const error& e) {
  say_error(e.message);
  return wrong_use;
}

int serve_lives(serve_host& host) {
  return live_on([&] { return live(host); },
                 [](const std::string&, bool last) {
                   if (!last) return; // the log has it
                   say_error("the service keeps failing inside, see above; nothing acknowledged is "
                             "lost. It ends here, so that whoever supervises it can start it anew");
                 });
}

} // namespace perennial::tool
