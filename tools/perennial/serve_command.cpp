// `perennial serve`: the daemon. One provider by flags.
#include "actors/gateway/gateway.hpp"
#include "protocol/base/log.hpp"
#include "tools/perennial/commands.hpp"
#include "tools/perennial/exit_code.hpp"
#include "tools/perennial/output_file.hpp"
#include "tools/perennial/signals.hpp"
#include "tools/perennial/terminal.hpp"

#include <charconv>
#include <memory>
#include <thread>

namespace perennial::tool {

namespace {

struct serve_options {
  std::string listen = "127.0.0.1:7733";
  std::string port_file;
  actors::service_config config;
  actors::provider_config provider;
};

result<actors::gateway_options> parse_listen(const std::string& text) {
  const auto colon = text.rfind(':');
  unsigned port = 0;
  const char* end = text.data() + text.size();
  const bool ok = colon != std::string::npos && colon > 0 &&
                  std::from_chars(text.data() + colon + 1, end, port).ptr == end && port <= 65535;
  if (!ok)
    return fail(errc::invalid_input, "--listen {} must be HOST:PORT, as 127.0.0.1:7733", text);
  const auto host = text.substr(0, colon);
  if (host != "127.0.0.1" && host != "localhost" && host != "[::1]" && host != "::1") {
    return fail(errc::invalid_input,
                "--listen {}: only this machine's own addresses are allowed, since there is no "
                "authentication yet; listen on 127.0.0.1 and put a proxy in front",
                text);
  }
  return actors::gateway_options{host, static_cast<uint16_t>(port)};
}

int serve(serve_options o) {
  init_log("info");
  signals interrupts;
  const auto refuse = [](const error& e) {
    say_error(e.message);
    return int{wrong_use};
  };
  auto where = parse_listen(o.listen);
  if (!where) return refuse(where.error());
  o.config.providers = {o.provider};
  auto service = actors::service::start(o.config);
  if (!service) return refuse(service.error());
  interrupts.on_hurry([&] { (*service)->hurry(); });
  auto gateway = actors::gateway::start(**service, *where);
  if (!gateway) return refuse(gateway.error());
  (*gateway)->set_ready(true);
  say(fmt::format("listening on http://{}:{}", where->host, (*gateway)->port()));
  if (!o.port_file.empty()) {
    auto file = output_file::create(o.port_file);
    if (file) (void)file->write(fmt::format("{}\n", (*gateway)->port()));
    if (file) (void)file->commit();
  }
  while (interrupts.stops() == 0) std::this_thread::sleep_for(std::chrono::milliseconds{50});
  say("Stopping: calls in flight may end (a second signal aborts them)…");
  (*gateway)->stop(std::chrono::seconds{5});
  (*service)->stop(o.config.drain_deadline);
  interrupts.on_hurry({});
  return done;
}

} // namespace

void add_serve(CLI::App& app, action& chosen) {
  auto o = std::make_shared<serve_options>();
  o->provider.api_key_env = "OPENAI_API_KEY";
  auto* c = app.add_subcommand("serve", "Run the service: OpenAI's Files and Batch API");
  c->add_option("--listen", o->listen, "Where to listen; port 0 takes a free one")
    ->capture_default_str();
  c->add_option("--data", o->config.data_dir, "Data directory")->required()->type_name("DIR");
  c->add_option("--base-url", o->provider.base_url, "The provider")->required()->type_name("URL");
  c->add_option("--api-key-env", o->provider.api_key_env, "The variable that holds the key")
    ->capture_default_str();
  c->add_option("--concurrency", o->provider.max_in_flight, "Calls in flight; 0 finds it");
  c->add_option("--ca-file", o->provider.ca_file, "Certificates to trust besides the system's");
  c->add_option("--port-file", o->port_file, "Write the port here once it listens");
  c->footer(
    "Example:\n  perennial serve --data /var/lib/perennial --base-url https://api.openai.com/v1");
  c->callback([o, &chosen] { chosen = [o] { return serve(*o); }; });
}

} // namespace perennial::tool
