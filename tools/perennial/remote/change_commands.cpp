// `perennial cancel`, `pause`, `resume` and `retry`: one request about one batch each.
#include "tools/perennial/exit_code.hpp"
#include "tools/perennial/remote/batch_text.hpp"
#include "tools/perennial/remote/remote_command.hpp"
#include "tools/perennial/terminal.hpp"

#include <nlohmann/json.hpp>

#include <memory>

namespace perennial::tool {

namespace {

/// As from a variable that is not set: without a code all failed lines would run.
std::string not_empty(const std::string& given) {
  return given.empty() ? "give a code, or leave --only out to run all failed lines again"
                       : std::string{};
}

struct change_options {
  std::string verb;
  std::string batch;
  std::string url;
  std::string reason; ///< Of a pause.
  std::string only;   ///< Of a retry.
  bool json = false;
};

result<std::string> request_body(const change_options& o) {
  auto j = nlohmann::ordered_json::object();
  if (!o.reason.empty()) j["reason"] = o.reason;
  if (!o.only.empty()) j["only"] = o.only;
  try {
    return j.dump();
  } catch (const nlohmann::json::exception&) {
    return fail(errc::invalid_input, "what was given is not valid UTF-8");
  }
}

int change(const change_options& o) {
  const auto body = request_body(o);
  if (!body) return give_up(body.error());
  auto api = api_client::connect(o.url);
  if (!api) return give_up(api.error());
  auto b = api->change_batch(o.batch, o.verb, *body);
  if (!b) return give_up(b.error());
  if (o.json) {
    fmt::print("{}\n", openai::to_json(*b));
  } else if (o.verb == "retry") {
    fmt::print("{}\n", b->id);
    say(fmt::format("The failed lines run again; see: perennial status {} --watch", b->id));
  } else {
    say(fmt::format("{}: {}, {} of {} lines are done.", b->id, status_text(*b),
                    with_commas(b->completed + b->failed), with_commas(b->total)));
  }
  return done;
}

std::shared_ptr<change_options> add_change(CLI::App& app, action& chosen, const std::string& verb,
                                           const std::string& what, const std::string& footer,
                                           CLI::App** made) {
  auto o = std::make_shared<change_options>();
  o->verb = verb;
  auto* c = app.add_subcommand(verb, what);
  c->add_option("BATCH", o->batch, "Its id")->required();
  c->add_flag("--json", o->json, "Print the Batch object");
  add_url_option(*c, o->url);
  c->footer(footer);
  c->callback([o, &chosen] { chosen = [o] { return change(*o); }; });
  *made = c;
  return o;
}

} // namespace

void add_changes(CLI::App& app, action& chosen) {
  CLI::App* c = nullptr;
  add_change(app, chosen, "cancel", "Cancel a batch of a running service",
             "Example:\n  perennial cancel batch_…\n\n"
             "Lines that are done keep their results; calls in flight may still end.",
             &c);
  auto pause = add_change(app, chosen, "pause", "Hold a batch: no new calls until it is resumed",
                          "Example:\n  perennial pause batch_… --reason \"quota is low\"", &c);
  c->add_option("--reason", pause->reason, "Shown with the batch")->type_name("TEXT");
  add_change(app, chosen, "resume", "Let a paused batch go on",
             "Example:\n  perennial resume batch_…", &c);
  auto retry =
    add_change(app, chosen, "retry", "Run the failed lines of a finished batch again",
               "Example:\n  perennial retry batch_… --only 500\n\n"
               "Prints the id of the new batch, whose results include those of the first. What "
               "counts is a line's\nnewest result, so one code can be retried after another.",
               &c);
  c->add_option("--only", retry->only,
                "Only lines whose newest result has this code: an HTTP status, retries_used_up "
                "(no answer), batch_expired, …")
    ->check(not_empty)
    ->type_name("CODE");
}

} // namespace perennial::tool
