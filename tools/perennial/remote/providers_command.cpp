// `perennial providers`: what holds the providers of a running service up; reset and resume them.
#include "tools/perennial/commands.hpp"
#include "tools/perennial/exit_code.hpp"
#include "tools/perennial/remote/api_client.hpp"
#include "tools/perennial/remote/provider_text.hpp"
#include "tools/perennial/remote/remote_command.hpp"
#include "tools/perennial/terminal.hpp"

#include <nlohmann/json.hpp>

#include <memory>

namespace perennial::tool {

namespace {

using nlohmann::ordered_json;

struct provider_options {
  std::string name;
  std::string verb; ///< reset or resume; empty: show.
  std::string url;
  bool json = false;
};

result<ordered_json> ask_service(const provider_options& o) {
  auto api = api_client::connect(o.url);
  if (!api) return tl::unexpected{api.error()};
  auto body = o.verb.empty() ? api->providers(o.name) : api->change_provider(o.name, o.verb);
  if (!body) return tl::unexpected{body.error()};
  auto j = ordered_json::parse(*body, nullptr, false);
  if (!j.is_object()) {
    return fail(errc::unavailable, "what answers at {} is no perennial service", api->url());
  }
  return j;
}

/// One object on each line, as the other tables' --json.
void print_json(const ordered_json& j) {
  const auto all = j.find("data");
  if (all == j.end() || !all->is_array()) return fmt::print("{}\n", j.dump());
  for (const auto& p : *all) fmt::print("{}\n", p.dump());
}

int providers(const provider_options& o) {
  auto answer = ask_service(o);
  if (!answer) return give_up(answer.error());
  try {
    if (o.json) {
      print_json(*answer);
    } else if (o.name.empty()) {
      fmt::print("{}\n", provider_table(answer->at("data")));
    } else {
      fmt::print("{}\n", provider_details_text(*answer));
    }
  } catch (const nlohmann::json::exception&) {
    return give_up({errc::unavailable, "the service's answer is not what this version knows"});
  }
  return done;
}

void add_options(CLI::App& c, const std::shared_ptr<provider_options>& o, action& chosen) {
  c.add_flag("--json", o->json, "Print objects, one on each line");
  add_url_option(c, o->url);
  c.callback([o, &chosen] {
    if (!chosen) chosen = [o] { return providers(*o); }; // the inner command's comes first
  });
}

void add_verb(CLI::App& of, action& chosen, const std::string& verb, const std::string& what,
              const std::string& footer) {
  auto o = std::make_shared<provider_options>();
  o->verb = verb;
  auto* c = of.add_subcommand(verb, what);
  c->add_option("NAME", o->name, "The provider's name")->required();
  add_options(*c, o, chosen);
  c->footer(footer);
}

} // namespace

void add_providers(CLI::App& app, action& chosen) {
  auto o = std::make_shared<provider_options>();
  auto* c = app.add_subcommand("providers", "Show, reset or resume the providers of a service");
  c->add_option("NAME", o->name, "Show this one, with its last changes; without: all");
  add_options(*c, o, chosen);
  c->footer("Examples:\n"
            "  perennial providers\n"
            "  perennial providers openai\n"
            "  perennial providers reset openai\n"
            "  perennial providers resume openai");
  add_verb(*c, chosen, "reset", "Close the circuit breaker: send to it again now",
           "Example:\n  perennial providers reset openai");
  add_verb(*c, chosen, "resume", "Go on with a provider whose key, quota or URL was mended",
           "Example:\n  perennial providers resume openai\n\n"
           "Reads the provider's key files again first.");
}

} // namespace perennial::tool
