#include "tools/sim/command_line.hpp"

#include "protocol/base/bytes.hpp"
#include "tools/sim/duration.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <functional>
#include <iostream>

namespace perennial::sim {

namespace {

constexpr const char* description =
  "perennial-sim: a fake LLM provider for tests and demos. It speaks the OpenAI API, echoes each\n"
  "prompt, and fails as often and as badly as it is told. One JSON line on standard output says\n"
  "where it listens.";

constexpr const char* examples = R"(
Examples:
  perennial-sim                                    any free port, answers at once
  perennial-sim --port 8080 --latency 500ms --jitter 0.2
  perennial-sim --rate-500 0.3 --rate-429-after 0.05 --outage 10s:60s
  perennial-sim --tls --write-ca ca.pem            https, with a certificate made at the start
  curl -s $URL/chat/completions -d '{"messages":[{"role":"user","content":"hello"}]}'
  curl -s $CONTROL_URL/stats
  curl -s $CONTROL_URL/control -d '{"rate_500":0,"outage":true}'
)";

constexpr const char* fault_help[fault_count] = {
  "429 without a wait",
  "429 with Retry-After",
  "500",
  "503",
  "connection reset as the request arrives",
  "connection reset after the work is done",
  "no reply, ever",
  "the reply a byte at a time",
  "a reply that is not HTTP",
  "a reply cut short",
};

constexpr int usage_exit = 2;

/// Adds an option whose text goes through `read`; a failure is the option's error.
template <class Read, class Set>
CLI::Option* add_parsed(CLI::App& app, const char* name, Read read, Set set, const char* help) {
  return app.add_option_function<std::vector<std::string>>(
    name,
    [=](const std::vector<std::string>& texts) {
      for (const std::string& text : texts) {
        auto value = read(text);
        if (!value) throw CLI::ValidationError(name, value.error().message);
        set(*value);
      }
    },
    help);
}

void add_duration(CLI::App& app, const char* name, std::chrono::nanoseconds& to, const char* help) {
  add_parsed(
    app, name, parse_duration, [&to](auto d) { to = d; }, help)
    ->expected(1)
    ->type_name("DURATION");
}

void add_bytes(CLI::App& app, const char* name, uint64_t& to, const char* help) {
  add_parsed(
    app, name, parse_bytes, [&to](auto n) { to = n; }, help)
    ->expected(1)
    ->type_name("BYTES");
}

void add_process_flags(CLI::App& app, command_line& c) {
  app.add_option("--listen", c.listen, "Address to listen on")->capture_default_str();
  app.add_option("--port", c.port, "Port; 0 takes a free one")->capture_default_str();
  app.add_option("--threads", c.threads, "Threads")
    ->check(CLI::Range(1, 64))
    ->capture_default_str();
  app.add_option("--port-file", c.port_file, "Write the port to this file once ready");
  app.add_flag("--quiet", c.quiet, "Log errors only");
  app.add_flag("--tls", c.tls, "Speak https");
  auto* cert = app.add_option("--cert", c.cert, "PEM certificate chain (else one is made)");
  auto* key = app.add_option("--key", c.key, "PEM private key");
  cert->needs(key);
  key->needs(cert);
  app.add_option("--write-ca", c.write_ca, "Write the made certificate here, for clients to trust");
}

void add_behaviour_flags(CLI::App& app, settings& s) {
  app.add_option("--seed", s.seed, "Chooses which prompts fail and how")->capture_default_str();
  add_duration(app, "--latency", s.latency, "Time until a reply, as 100ms");
  app.add_option("--jitter", s.jitter, "Latency varies by this fraction")
    ->check(CLI::Range(0., 1.));
  for (size_t i = 0; i < fault_count; ++i) {
    std::string name = "--rate-" + std::string(fault_names[i]);
    std::replace(name.begin(), name.end(), '_', '-');
    app.add_option(name, s.rates[i], fault_help[i])->check(CLI::Range(0., 1.))->type_name("0..1");
  }
  add_parsed(
    app, "--retry-after",
    [](const std::string& text) {
      return parse_duration(text.find_first_not_of("0123456789") == std::string::npos ? text + "s"
                                                                                      : text);
    },
    [&s](auto d) { s.retry_after = std::chrono::ceil<std::chrono::seconds>(d); },
    "What Retry-After says, in seconds (1)")
    ->expected(1)
    ->type_name("SECONDS");
  add_duration(app, "--drip-interval", s.drip_interval, "Between two bytes of a drip (200ms)");
  add_duration(app, "--stream-gap", s.stream_gap, "Between two events of a stream (0)");
  add_parsed(
    app, "--outage", parse_outage, [&s](auto w) { s.outages.planned.push_back(w); },
    "Be away, counted from the start, as 10s:60s; may be repeated")
    ->type_name("START:DURATION");
  app.add_option("--model", s.models, "A model that exists; may be repeated");
  app.add_flag("--unknown-models", s.unknown_models, "404 for every model not named by --model");
  app.add_option("--wrong-model", s.wrong_model, "404 (model_not_found) for this model");
  app.add_option("--fail-model", s.fail_model, "500 for this model");
  app.add_option("--forbid", s.forbid, "403 for prompts with this text");
  app.add_option("--hold", s.hold, "Prompts with this text wait until /control {\"hold\":\"\"}");
  app.add_option("--api-key", s.api_key, "401 unless this is the bearer token");
  app.add_option("--limit-in-flight", s.limit_in_flight, "429 beyond this many at once");
  app.add_option("--rpm", s.requests_per_minute, "429 beyond this many a minute");
  add_bytes(app, "--answer-bytes", s.answer_bytes, "Pad each answer to this size");
  add_bytes(app, "--max-echo", s.max_echo,
            "Echo no more of a prompt than this (1MiB), then its SHA-256");
}

/// An error in one line, and where to read on.
int refuse(const std::string& sentence) {
  std::cerr << "perennial-sim: " << sentence << "\nTry perennial-sim --help.\n";
  return usage_exit;
}

} // namespace

tl::expected<command_line, int> read_command_line(int argc, char** argv) {
  command_line c;
  CLI::App app(description, "perennial-sim");
  app.set_version_flag("--version", "perennial-sim " PERENNIAL_VERSION);
  app.footer(examples);
  add_process_flags(app, c);
  add_behaviour_flags(app, c.behaviour);
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& e) {
    return tl::unexpected<int>(app.exit(e));
  } catch (const CLI::Error& e) {
    return tl::unexpected<int>(refuse(e.what()));
  }
  if (auto ok = check(c.behaviour); !ok) return tl::unexpected<int>(refuse(ok.error().message));
  if (!c.tls && !(c.cert.empty() && c.write_ca.empty()))
    return tl::unexpected<int>(refuse("--cert, --key and --write-ca need --tls"));
  if (!c.cert.empty() && !c.write_ca.empty())
    return tl::unexpected<int>(refuse("--write-ca is for a made certificate; leave out --cert"));
  return c;
}

} // namespace perennial::sim
