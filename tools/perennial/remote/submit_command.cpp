// `perennial submit`: a job file to a running service, and, with --wait, to its end.
#include "protocol/base/bytes.hpp"
#include "protocol/base/clock.hpp"
#include "protocol/jobs/endpoints.hpp"
#include "tools/perennial/exit_code.hpp"
#include "tools/perennial/path_checks.hpp"
#include "tools/perennial/progress_view.hpp"
#include "tools/perennial/remote/batch_text.hpp"
#include "tools/perennial/remote/batch_watch.hpp"
#include "tools/perennial/remote/remote_command.hpp"
#include "tools/perennial/remote/result_download.hpp"
#include "tools/perennial/terminal.hpp"
#include "tools/perennial/validators.hpp"

#include <nlohmann/json.hpp>

#include <memory>
#include <thread>

namespace perennial::tool {

namespace {

constexpr int create_tries = 6; // 1 s, 2 s, … between them: half a minute

struct submit_options {
  std::string jobs;
  std::string url;
  std::string endpoint = "/v1/chat/completions";
  std::string format = "jsonl";
  std::string on_invalid = "fail";
  std::string model;
  std::string window = "24h";
  std::vector<std::string> metadata;
  std::string key;
  uint32_t weight = 1;
  int32_t priority = 0;
  uint32_t max_attempts = 0;
  std::string line_deadline;
  std::string expires_after;
  std::string output;
  std::string order = "input";
  bool wait = false;
  bool json = false;
  bool quiet = false;
};

result<std::string> request_body(const submit_options& o, const std::string& file) {
  nlohmann::ordered_json j{{"input_file_id", file},         {"endpoint", o.endpoint},
                           {"completion_window", o.window}, {"format", o.format},
                           {"on_invalid", o.on_invalid},    {"weight", o.weight}};
  if (!o.model.empty()) j["model"] = o.model;
  if (o.priority != 0) j["priority"] = o.priority;
  if (o.max_attempts != 0) j["max_attempts"] = o.max_attempts;
  if (!o.line_deadline.empty()) j["line_deadline"] = o.line_deadline;
  if (!o.expires_after.empty()) j["expires_after"] = o.expires_after;
  for (const auto& pair : o.metadata) {
    const auto equals = pair.find('=');
    if (equals == std::string::npos || equals == 0) {
      return fail(errc::invalid_input, "--metadata {} must be KEY=VALUE", pair);
    }
    auto& metadata = j["metadata"];
    const auto key = pair.substr(0, equals);
    if (metadata.contains(key)) {
      return fail(errc::invalid_input, "--metadata has {} twice; give it once", key);
    }
    metadata[key] = pair.substr(equals + 1);
  }
  try {
    return j.dump();
  } catch (const nlohmann::json::exception&) {
    return fail(errc::invalid_input, "--metadata or --model is not valid UTF-8");
  }
}

result<openai::batch_object> create(api_client& api, const std::string& body,
                                    const std::string& key, const signals& interrupts) {
  auto pause = std::chrono::seconds{1};
  for (int i = 1;; ++i) {
    auto made = api.create_batch(body, key);
    const bool again = !made && made.error().kind == errc::unavailable && i < create_tries;
    if (!again || interrupts.stops() > 0) return made;
    std::this_thread::sleep_for(pause);
    pause *= 2;
  }
}

int end(const submit_options& o, api_client& api, const openai::batch_object& b,
        steady_time started) {
  if (o.json) fmt::print("{}\n", openai::to_json(b));
  if (b.status == "failed") {
    for (const auto& line : problem_lines(b, o.jobs, problems_shown)) say(line);
    const auto problems = b.perennial ? b.perennial->problems : b.errors.size();
    say_error(fmt::format("{} of the lines in {} cannot be run. Nothing was sent. Mend them "
                          "(`perennial check {}` shows all), or run the others with --on-invalid "
                          "skip",
                          with_commas(problems), o.jobs, o.jobs));
    return wrong_use;
  }
  if (!o.output.empty()) {
    if (auto ok = download_results(api, b.id, {o.order, false}, o.output); !ok) {
      say(fmt::format("The results are still there: perennial results {} -o {}", b.id, o.output));
      return give_up(ok.error());
    }
  }
  if (!o.quiet) {
    auto s = summary_of(b);
    s.wall = std::chrono::duration_cast<std::chrono::milliseconds>(steady_now() - started);
    if (o.output != "-") s.output = o.output;
    say(fmt::format("{}: {}.\n{}", b.id, b.status, to_text(s)));
  }
  return exit_status(b);
}

int submit(const submit_options& o) {
  const auto started = steady_now();
  signals interrupts;
  if (o.json && o.output == "-") {
    say_error("--json and the results of -o - would both go to standard output; leave one out");
    return wrong_use;
  }
  if (auto ok = jobs::check_endpoint(o.endpoint); !ok) return give_up(ok.error());
  if (auto ok = request_body(o, {}); !ok) return give_up(ok.error()); // before anything is sent
  if (auto ok = check_output(o.output, o.jobs); !ok) return give_up(ok.error());
  auto api = api_client::connect(o.url);
  if (!api) return give_up(api.error());
  auto file = api->upload(o.jobs, [&](uint64_t bytes) {
    if (!o.quiet) show_progress(fmt::format("uploading {} · {}", o.jobs, format_bytes(bytes)));
    return interrupts.stops() == 0;
  });
  clear_progress();
  if (!file) return give_up(file.error());
  const auto body = request_body(o, file->id);
  // A key of our own, so that an answer that was lost does not make the batch twice.
  auto batch = create(*api, *body, o.key.empty() ? "submit-" + random_hex() : o.key, interrupts);
  if (!batch) {
    (void)api->delete_file(file->id); // nobody will ask for it
    return give_up(batch.error());
  }
  if (batch->input_file_id != file->id) {
    (void)api->delete_file(file->id);
    if (!o.quiet) say("This key has made a batch of the same file before; here it is.");
  }
  if (!o.wait) {
    fmt::print("{}\n", o.json ? openai::to_json(*batch) : batch->id);
    if (!o.quiet) say(fmt::format("See: perennial status {} --watch", batch->id));
    return done;
  }
  if (!o.json && o.output == "-") {
    say(batch->id); // standard output is for the results
  } else if (!o.json) {
    fmt::print("{}\n", batch->id);
    std::fflush(stdout);
  }
  watch_options how;
  how.progress = !o.quiet;
  auto last = watch_batch(*api, batch->id, interrupts, how);
  if (!last) return give_up(last.error());
  return end(o, *api, *last, started);
}

} // namespace

void add_submit(CLI::App& app, action& chosen) {
  auto o = std::make_shared<submit_options>();
  auto* c = app.add_subcommand("submit", "Send a job file to a running service");
  c->add_option("JOBS", o->jobs, "Job file; - for standard input")->required();
  c->add_flag("--wait", o->wait, "Wait for its end");
  c->add_option("-o,--output", o->output, "Where the results go at its end; waits for it")
    ->type_name("FILE");
  c->add_option("--order", o->order, "Of the results: input or completion")
    ->check(CLI::IsMember({"input", "completion"}))
    ->capture_default_str();
  c->add_option("--endpoint", o->endpoint, "What the lines call")->capture_default_str();
  c->add_option("--model", o->model, "Send this model instead of the lines' own")
    ->type_name("NAME");
  c->add_option("--format", o->format, "jsonl, or text: one prompt per line")
    ->check(CLI::IsMember({"jsonl", "text"}))
    ->capture_default_str();
  c->add_option("--on-invalid", o->on_invalid,
                "fail: bad lines stop the batch; skip: they become failed results")
    ->check(CLI::IsMember({"fail", "skip"}))
    ->capture_default_str();
  c->add_option("--metadata", o->metadata, "Kept with the batch; may be given again")
    ->type_name("KEY=VALUE");
  c->add_option("--idempotency-key", o->key,
                "The same key with the same file gives the same batch, at any time")
    ->type_name("KEY");
  c->add_option("--completion-window", o->window, "Kept with the batch and shown")
    ->capture_default_str();
  c->add_option("--weight", o->weight, "Share of the work beside other batches")
    ->check(CLI::Range(1, 100))
    ->capture_default_str();
  c->add_option("--priority", o->priority, "Higher ones first, among your own batches")
    ->check(CLI::Range(-100, 100))
    ->capture_default_str();
  c->add_option("--max-attempts", o->max_attempts, "Attempts per line [the service's]")
    ->check(CLI::Range(1, 100));
  c->add_option("--line-deadline", o->line_deadline,
                "So long after its first call a line fails, as 10m; a call that is still out then "
                "is cut [the service's]")
    ->type_name("TIME")
    ->check(duration());
  c->add_option("--expires-after", o->expires_after,
                "Then it ends with the results that it has, as 36h [never]")
    ->type_name("TIME")
    ->check(duration());
  c->add_flag("--json", o->json, "Print the Batch object on standard output");
  c->add_flag("-q,--quiet", o->quiet, "Nothing but errors on standard error");
  add_url_option(*c, o->url);
  c->footer("Examples:\n"
            "  perennial submit jobs.jsonl\n"
            "  perennial submit jobs.jsonl --metadata team=search -o results.jsonl\n"
            "\n"
            "Prints the batch's id. Ctrl-C ends the waiting, not the batch.");
  c->callback([o, &chosen] {
    if (!o->output.empty()) o->wait = true;
    chosen = [o] { return submit(*o); };
  });
}

} // namespace perennial::tool
