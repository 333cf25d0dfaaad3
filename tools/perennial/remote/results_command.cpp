// `perennial results`: what a batch of a running service has so far, or as it comes.
#include "tools/perennial/exit_code.hpp"
#include "tools/perennial/path_checks.hpp"
#include "tools/perennial/remote/batch_text.hpp"
#include "tools/perennial/remote/remote_command.hpp"
#include "tools/perennial/remote/result_download.hpp"
#include "tools/perennial/terminal.hpp"

#include <memory>

namespace perennial::tool {

namespace {

struct results_options {
  std::string batch;
  std::string url;
  std::string output;
  std::string order;
  bool failed_only = false;
  bool follow = false;
};

/// There are no results, and there will be none.
int refused(const openai::batch_object& b) {
  say_error(fmt::format("its job file was refused: see `perennial status {}`", b.id));
  return exit_status(b);
}

int follow(const results_options& o, api_client& api) {
  signals interrupts;
  auto b = follow_results(api, o.batch, o.failed_only, interrupts);
  if (!b) return give_up(b.error());
  return b->status == "failed" ? refused(*b) : exit_status(*b);
}

int results(const results_options& o) {
  const bool to_file = !o.output.empty() && o.output != "-";
  if (o.follow && (o.order == "input" || to_file)) {
    say_error("--follow writes to standard output in order of completion; leave out --order input "
              "and -o");
    return wrong_use;
  }
  if (auto ok = check_output(o.output); !ok) return give_up(ok.error());
  auto api = api_client::connect(o.url);
  if (!api) return give_up(api.error());
  if (o.follow) return follow(o, *api);
  auto b = api->get_batch(o.batch);
  if (!b) return give_up(b.error());
  if (b->status == "failed") return refused(*b);
  const results_wanted what{o.order.empty() ? "input" : o.order, o.failed_only};
  if (auto ok = download_results(*api, o.batch, what, o.output); !ok) return give_up(ok.error());
  if (!is_final(*b)) {
    say(fmt::format("So far: {} of {} lines are done ({}).", with_commas(b->completed + b->failed),
                    with_commas(b->total), status_text(*b)));
    return done;
  }
  return exit_status(*b);
}

} // namespace

void add_results(CLI::App& app, action& chosen) {
  auto o = std::make_shared<results_options>();
  auto* c = app.add_subcommand("results", "Fetch the results of a batch, finished or not");
  c->add_option("BATCH", o->batch, "Its id")->required();
  c->add_option("-o,--output", o->output, "Into this file, which appears whole")->type_name("FILE");
  c->add_option("--order", o->order, "input, or completion [input; with --follow: completion]")
    ->check(CLI::IsMember({"input", "completion"}));
  c->add_flag("--failed", o->failed_only, "Only lines that failed");
  c->add_flag("--follow", o->follow, "Results as they come, until the batch's end");
  add_url_option(*c, o->url);
  c->footer(
    "Examples:\n"
    "  perennial results batch_… -o results.jsonl\n"
    "  perennial results batch_… --follow | jq .custom_id\n"
    "\n"
    "Exit status: 0 all lines done so far, 1 some failed or were not run, 2 no such batch.");
  c->callback([o, &chosen] { chosen = [o] { return results(*o); }; });
}

} // namespace perennial::tool
