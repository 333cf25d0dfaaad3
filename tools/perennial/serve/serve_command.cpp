// `perennial serve`: the daemon. The configuration file, and the flags over it.
#include "protocol/base/log.hpp"
#include "tools/perennial/commands.hpp"
#include "tools/perennial/exit_code.hpp"
#include "tools/perennial/path_checks.hpp"
#include "tools/perennial/serve/config_file.hpp"
#include "tools/perennial/serve/serve_lives.hpp"
#include "tools/perennial/signals.hpp"
#include "tools/perennial/terminal.hpp"
#include "tools/perennial/validators.hpp"

#include <charconv>
#include <memory>
#include <optional>

namespace perennial::tool {

namespace {

/// What was given on the command line; it goes over the file.
struct serve_flags {
  std::string config;
  std::optional<std::string> listen;
  std::optional<std::string> data_dir;
  std::optional<uint64_t> memory;
  std::optional<uint32_t> max_attempts;
  std::optional<std::string> log_level;
  std::optional<std::string> base_url;
  std::optional<std::string> api_key_env;
  std::optional<uint32_t> concurrency;
  std::optional<uint32_t> requests_per_minute;
  std::optional<std::string> ca_file;
  std::string port_file;
  bool print_config = false;

  bool names_a_provider() const {
    return base_url || api_key_env || concurrency || requests_per_minute || ca_file;
  }
};

template <class T>
void put(const std::optional<T>& given, T& over) {
  if (given) over = *given;
}

/// The flags' provider is the file's only one, or a new one.
result<void> apply_provider(const serve_flags& f, std::vector<actors::provider_config>& to) {
  if (!f.names_a_provider()) return {};
  if (to.size() > 1) {
    return fail(errc::invalid_input,
                "{} has {} providers, so it is not clear which one --base-url, --api-key-env, "
                "--concurrency, --requests-per-minute and --ca-file mean; set them in the file",
                f.config, to.size());
  }
  if (to.empty()) {
    to.emplace_back();
    to.front().api_key_env = "OPENAI_API_KEY";
  }
  auto& p = to.front();
  put(f.base_url, p.base_url);
  put(f.api_key_env, p.api_key_env);
  put(f.concurrency, p.max_in_flight);
  put(f.requests_per_minute, p.requests_per_minute);
  put(f.ca_file, p.ca_file);
  return {};
}

result<serve_settings> settle(const serve_flags& f) {
  serve_settings s;
  if (!f.config.empty()) {
    if (auto ok = load_config(f.config, s); !ok) return tl::unexpected{ok.error()};
  }
  put(f.listen, s.listen);
  put(f.log_level, s.log_level);
  put(f.data_dir, s.service.data_dir);
  put(f.memory, s.service.memory_budget);
  put(f.max_attempts, s.service.max_attempts);
  if (auto ok = apply_provider(f, s.service.providers); !ok) return tl::unexpected{ok.error()};
  if (auto ok = check_settings(s); !ok) return tl::unexpected{ok.error()};
  return s;
}

result<actors::gateway_options> parse_listen(const std::string& text) {
  const auto colon = text.rfind(':');
  unsigned port = 0;
  const char* end = text.data() + text.size();
  bool ok = colon != std::string::npos && colon > 0;
  if (ok) {
    const auto read = std::from_chars(text.data() + colon + 1, end, port);
    ok = read.ec == std::errc{} && read.ptr == end && port <= 65535;
  }
  if (!ok)
    return fail(errc::invalid_input, "listen: {} must be HOST:PORT, as 127.0.0.1:7733", text);
  auto host = text.substr(0, colon);
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  }
  if (host != "127.0.0.1" && host != "localhost" && host != "::1") {
    return fail(errc::invalid_input,
                "listen: {}: only this machine's own addresses are allowed, since there is no "
                "authentication yet; listen on 127.0.0.1 and put a proxy in front",
                text);
  }
  return actors::gateway_options{host, static_cast<uint16_t>(port)};
}

/// Reads the configuration and the key files again; what is wrong with them changes nothing.
void reload(const serve_flags& flags, serve_settings& running, actors::service& service) {
  const auto fresh = settle(flags);
  if (!fresh) {
    logging::error("reload: {}; nothing was changed", fresh.error().message);
    return;
  }
  if (fresh->listen != running.listen || fresh->log_level != running.log_level) {
    logging::warn("reload: listen or log_level changed; that needs a restart, the old one is still "
                  "in force");
  }
  if (auto ok = service.reload(fresh->service); !ok) {
    logging::error("reload: {}; this provider stays as it was", ok.error().message);
    return;
  }
  actors::take_limits(running.service, fresh->service); // should the service begin anew
  logging::info("reloaded: key files and limits");
}

int serve(const serve_flags& flags) {
  auto settings = settle(flags);
  if (!settings) return refuse(settings.error());
  auto where = parse_listen(settings->listen);
  if (!where) return refuse(where.error());
  if (flags.print_config) {
    fmt::print("{}", print_config(*settings));
    return done;
  }
  if (auto ok = check_data_dir(settings->service.data_dir); !ok) return refuse(ok.error());
  init_log(settings->log_level);
  signals interrupts;
  serve_host host{*settings, *where, flags.port_file, interrupts,
                  [&](actors::service& service) { reload(flags, *settings, service); }};
  return serve_lives(host);
}

} // namespace

void add_serve(CLI::App& app, action& chosen) {
  auto f = std::make_shared<serve_flags>();
  auto* c = app.add_subcommand("serve", "Run the service: OpenAI's Files and Batch API");
  c->add_option("--config", f->config, "The configuration; the flags below go over it")
    ->type_name("FILE");
  c->add_flag("--print-config", f->print_config, "Show what is in force, and end");
  c->add_option("--listen", f->listen, "Where to listen [127.0.0.1:7733]; port 0: a free one")
    ->type_name("HOST:PORT");
  c->add_option("--data", f->data_dir, "Data directory")->type_name("DIR");
  c->add_option("--memory", f->memory, "Memory budget [512MiB]")->transform(byte_amount());
  c->add_option("--max-attempts", f->max_attempts, "Attempts per line [5]")
    ->check(CLI::Range(1, 1000));
  c->add_option("--log-level", f->log_level, "trace, debug, info, warning or error [info]")
    ->type_name("LEVEL");
  c->add_option("--base-url", f->base_url, "The provider, e.g. https://api.openai.com/v1")
    ->type_name("URL");
  c->add_option("--api-key-env", f->api_key_env, "The variable with its key [OPENAI_API_KEY]")
    ->type_name("NAME");
  c->add_option("--concurrency", f->concurrency, "Calls in flight [auto]")->transform(call_count());
  c->add_option("--requests-per-minute", f->requests_per_minute, "At most so many; 0: no limit");
  c->add_option("--ca-file", f->ca_file, "Certificates to trust besides the system's")
    ->type_name("PEM");
  c->add_option("--port-file", f->port_file, "Write the port here once it listens")
    ->type_name("FILE");
  c->footer("Examples:\n"
            "  perennial serve --data /var/lib/perennial --base-url https://api.openai.com/v1\n"
            "  perennial serve --config /etc/perennial.toml --print-config\n"
            "\n"
            "SIGTERM and Ctrl-C let calls in flight end; a second one aborts them. Neither loses "
            "anything.\nSIGHUP reads the providers' key files and limits again.");
  c->callback([f, &chosen] { chosen = [f] { return serve(*f); }; });
}

} // namespace perennial::tool
