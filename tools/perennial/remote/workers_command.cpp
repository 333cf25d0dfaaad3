// `perennial workers`: who works for which provider on what; restart them, set how many there are.
#include "protocol/base/duration.hpp"
#include "tools/perennial/exit_code.hpp"
#include "tools/perennial/progress_view.hpp"
#include "tools/perennial/remote/api_client.hpp"
#include "tools/perennial/remote/remote_command.hpp"
#include "tools/perennial/terminal.hpp"

#include <nlohmann/json.hpp>

#include <memory>

namespace perennial::tool {

namespace {

using nlohmann::json;

struct workers_options {
  std::string url;
  std::string provider;
  std::string workers;
  bool now = false;
  bool as_json = false;
};

std::string text(const json& row, const char* name) {
  const auto at = row.find(name);
  if (at == row.end() || at->is_null()) return "-";
  return at->is_string() ? at->get<std::string>() : at->dump();
}

void show(const json& rows) {
  fmt::print("{:<16} {:>6}  {:<8}  {:<24}  {:>10}  {:>8}  {:>10}  {:>8}\n", "PROVIDER", "WORKER",
             "STATE", "BATCH", "LINE", "AGE", "CALLS", "RESTARTS");
  for (const auto& row : rows) {
    const auto age = std::chrono::milliseconds{row.value("age_ms", int64_t{0})};
    fmt::print("{:<16} {:>6}  {:<8}  {:<24}  {:>10}  {:>8}  {:>10}  {:>8}\n", text(row, "provider"),
               text(row, "worker"), text(row, "state"), text(row, "batch"), text(row, "line"),
               format_duration(age), text(row, "calls"), text(row, "restarts"));
  }
}

int list(const workers_options& o) {
  auto api = api_client::connect(o.url);
  if (!api) return give_up(api.error());
  if (!o.provider.empty()) { // one that is not there has no workers either
    const auto known = api->providers(o.provider);
    if (!known) return give_up(known.error());
  }
  const auto answer = api->get("/v1/workers", "the list of workers");
  if (!answer) return give_up(answer.error());
  const auto all = json::parse(*answer, nullptr, false);
  auto rows = json::array();
  if (all.is_object() && all.contains("data")) {
    for (const auto& row : all["data"]) {
      if (o.provider.empty() || text(row, "provider") == o.provider) rows.push_back(row);
    }
  }
  if (o.as_json) {
    for (const auto& row : rows) fmt::print("{}\n", row.dump());
  } else if (rows.empty()) {
    say("No worker is there: they come with the first lines to call.");
  } else {
    show(rows);
  }
  return done;
}

result<std::string> body(const json& j) {
  try {
    return j.dump();
  } catch (const json::exception&) {
    return fail(errc::invalid_input, "what was given is not valid UTF-8");
  }
}

int tell(const workers_options& o, const std::string& verb, json what) {
  if (!o.provider.empty()) what["provider"] = o.provider;
  const auto sent = body(what);
  if (!sent) return give_up(sent.error());
  auto api = api_client::connect(o.url);
  if (!api) return give_up(api.error());
  const auto answer = api->post("/v1/workers/" + verb, *sent, verb);
  if (!answer) return give_up(answer.error());
  if (o.as_json) {
    fmt::print("{}\n", *answer);
    return done;
  }
  const auto said = json::parse(*answer, nullptr, false);
  if (verb == "restart") {
    say(fmt::format("{} workers are replaced{}.", text(said, "restarted"),
                    o.now ? "; calls that were out are made again" : " as their calls end"));
  } else {
    const auto count = text(said, "workers");
    say(fmt::format("{}: {} calls at once from now on, until the service's next start.",
                    text(said, "provider"),
                    count == "auto" ? "as many as it bears" : "at most " + count));
  }
  return done;
}

int scale(const workers_options& o) {
  if (o.workers == "auto") return tell(o, "scale", {{"workers", "auto"}});
  char* end = nullptr;
  const auto count = std::strtoll(o.workers.c_str(), &end, 10);
  if (o.workers.empty() || *end != '\0' || count < 1) {
    say_error(
      fmt::format("\"{}\" is no number of workers; give one from 1 on, or auto", o.workers));
    return wrong_use;
  }
  return tell(o, "scale", {{"workers", count}});
}

} // namespace

void add_workers(CLI::App& app, action& chosen) {
  auto o = std::make_shared<workers_options>();
  auto* c = app.add_subcommand("workers", "List the workers of a running service, or restart them");
  c->add_option("--provider", o->provider, "Only those of this provider")->type_name("NAME");
  c->add_flag("--json", o->as_json, "Print JSON, a worker on each line");
  add_url_option(*c, o->url);
  c->footer("Examples:\n"
            "  perennial workers\n"
            "  perennial workers restart --provider openai\n"
            "  perennial workers scale openai 200\n");
  auto* again = c->add_subcommand("restart", "Replace each worker when its call has ended");
  again->add_option("--provider", o->provider, "Only those of this provider")->type_name("NAME");
  again->add_flag("--now", o->now, "Abort the calls; they are made again, and may cost again");
  again->add_flag("--json", o->as_json, "Print the answer");
  add_url_option(*again, o->url);
  auto* size = c->add_subcommand("scale", "Set how many calls a provider gets at once");
  size->add_option("PROVIDER", o->provider, "Its name")->required();
  size->add_option("WORKERS", o->workers, "How many, or auto")->required();
  size->add_flag("--json", o->as_json, "Print the answer");
  add_url_option(*size, o->url);
  c->require_subcommand(0, 1);
  c->callback([o, again, size, &chosen] {
    chosen = [o, again = again->parsed(), size = size->parsed()] {
      if (again) return tell(*o, "restart", {{"now", o->now}});
      return size ? scale(*o) : list(*o);
    };
  });
}

} // namespace perennial::tool
