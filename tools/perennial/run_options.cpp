#include "tools/perennial/commands.hpp"
#include "tools/perennial/run_command.hpp"

#include "protocol/jobs/endpoints.hpp"
#include "tools/perennial/exit_code.hpp"
#include "tools/perennial/terminal.hpp"
#include "tools/perennial/validators.hpp"

#include <filesystem>
#include <memory>

namespace perennial::tool {

namespace {

/// "jobs.jsonl" gives "jobs.results.jsonl".
std::string default_output(const std::string& jobs) {
  const std::filesystem::path p{jobs};
  return (p.parent_path() / (p.stem().string() + ".results.jsonl")).string();
}

struct seconds_option {
  double value;
  std::chrono::milliseconds as_ms() const {
    return std::chrono::milliseconds{static_cast<int64_t>(value * 1000)};
  }
};

} // namespace

void add_run(CLI::App& app, action& chosen) {
  auto o = std::make_shared<run_options>();
  auto total = std::make_shared<seconds_option>(seconds_option{600});
  auto give_up = std::make_shared<seconds_option>(seconds_option{600});
  auto breaker_open = std::make_shared<seconds_option>(seconds_option{10});
  o->provider.api_key_env = "OPENAI_API_KEY";
  auto* c =
    app.add_subcommand("run", "Run a job file to the end, with no daemon; resumes when run again");
  c->add_option("JOBS", o->jobs,
                "Job file: OpenAI Batch lines or {\"prompt\": \"…\"}; - for standard input")
    ->required();
  c->add_option("-o,--output", o->output, "Where the results go, in order of the file")
    ->type_name("FILE");
  c->add_option("--base-url", o->provider.base_url, "The provider, e.g. https://api.openai.com/v1")
    ->envname("OPENAI_BASE_URL")
    ->required()
    ->type_name("URL");
  c->add_option("--api-key-env", o->provider.api_key_env, "The variable that holds the key")
    ->capture_default_str()
    ->type_name("NAME");
  c->add_option("--concurrency", o->provider.max_in_flight, "Calls in flight; auto finds it")
    ->transform(call_count())
    ->default_str("auto");
  c->add_option("--model", o->model, "Send this model instead of the lines' own")
    ->type_name("NAME");
  c->add_option("--endpoint", o->endpoint, "What the lines call")->capture_default_str();
  c->add_option("--format", o->format, "jsonl, or text: one prompt per line")
    ->check(CLI::IsMember({"jsonl", "text"}))
    ->capture_default_str();
  c->add_option(
     "--on-invalid", o->on_invalid,
     "fail: bad lines stop the batch before anything is spent; skip: they become failed results")
    ->check(CLI::IsMember({"fail", "skip"}))
    ->capture_default_str();
  c->add_option("--data", o->data_dir, "State directory (default: the output's name + .perennial)")
    ->type_name("DIR");
  c->add_flag("--fresh", o->fresh, "Throw the state away and begin anew");
  c->add_flag("--retry-failed", o->retry_failed, "Of a finished run: run the failed lines again");
  c->add_option("--max-attempts", o->max_attempts, "Attempts per line")
    ->check(CLI::Range(1, 1000))
    ->capture_default_str();
  c->add_option("--requests-per-minute", o->provider.requests_per_minute,
                "At most so many; 0: no limit")
    ->capture_default_str();
  c->add_option("--timeout", total->value, "Seconds for one call in all")
    ->check(CLI::Range(0.1, 86'400.0))
    ->default_str("600");
  c->add_option("--give-up-after", give_up->value,
                "Seconds without any answer from the provider after which the run ends (resumable)")
    ->check(CLI::Range(1.0, 1e7))
    ->default_str("600");
  c->add_option("--breaker-open", breaker_open->value,
                "Seconds for which a provider that is down is left alone, at first")
    ->check(CLI::Range(0.1, 3600.0))
    ->default_str("10");
  c->add_option("--memory", o->memory_bytes, "Memory budget, e.g. 512MiB")
    ->transform(byte_amount())
    ->default_str("512MiB");
  c->add_option("--max-line-bytes", o->max_line_bytes, "The longest line that is taken")
    ->transform(byte_amount())
    ->default_str("16MiB");
  c->add_option("--max-response-bytes", o->provider.max_response_bytes,
                "The longest answer that is taken")
    ->transform(byte_amount())
    ->default_str("2GiB");
  c->add_option("--ca-file", o->provider.ca_file, "Certificates to trust besides the system's")
    ->type_name("PEM");
  c->add_flag("--json", o->json, "Print the summary as JSON on standard output");
  c->add_flag("-q,--quiet", o->quiet, "Nothing but errors on standard error");
  c->footer(
    "Examples:\n"
    "  perennial run jobs.jsonl -o results.jsonl --base-url https://api.openai.com/v1 "
    "--concurrency 64\n"
    "  perennial run prompts.txt --format text --model gpt-4o-mini -o out.jsonl --base-url URL\n"
    "\n"
    "Ctrl-C lets calls in flight end and keeps the state; twice aborts them. Run the same command\n"
    "again to go on.");
  c->callback([o, total, give_up, breaker_open, &chosen] {
    chosen = [o, total, give_up, breaker_open] {
      if (auto ok = jobs::check_endpoint(o->endpoint); !ok) {
        say_error(ok.error().message);
        return int{wrong_use};
      }
      if (o->output.empty() && o->jobs == "-") {
        say_error("jobs from standard input need -o FILE for the results");
        return int{wrong_use};
      }
      if (o->output == "-") {
        say_error(
          "-o needs a file: the results appear there whole at the end, and the state of the "
          "run is kept beside it");
        return int{wrong_use};
      }
      if (o->output.empty()) o->output = default_output(o->jobs);
      if (o->data_dir.empty()) o->data_dir = o->output + ".perennial";
      o->provider.total_timeout = total->as_ms();
      o->provider.first_byte_timeout = total->as_ms();
      o->provider.breaker_open = breaker_open->as_ms();
      o->give_up = std::chrono::duration_cast<std::chrono::seconds>(give_up->as_ms());
      return run(*o);
    };
  });
}

} // namespace perennial::tool
