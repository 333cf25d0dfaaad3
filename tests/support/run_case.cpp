#include "tests/support/run_case.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <fstream>

namespace perennial::test {

std::string prompt_text(uint64_t i) { return fmt::format("prompt-{:07}", i); }

run_case::run_case(uint64_t prompts)
  : prompts_(prompts) {
  std::string text;
  for (uint64_t i = 0; i < prompts; ++i) {
    text += fmt::format(R"({{"custom_id":"{0}","method":"POST","url":"/v1/chat/completions",)"
                        R"("body":{{"model":"m","messages":[{{"role":"user","content":"{0}"}}]}}}})"
                        "\n",
                        prompt_text(i));
  }
  write_file(jobs(), text);
}

std::unique_ptr<child_process> run_case::start(const std::string& url,
                                               std::vector<std::string> flags,
                                               std::map<std::string, std::string> env) {
  child_options o;
  o.program = bin_dir() / "perennial";
  o.args = {"run", jobs().string(), "-o", output().string(), "--base-url", url, "--json"};
  o.args.insert(o.args.end(), flags.begin(), flags.end());
  o.env = std::move(env);
  o.cwd = dir();
  return std::make_unique<child_process>(o);
}

std::vector<std::string> run_case::check_results(const std::vector<std::string>& may_fail) const {
  std::vector<std::string> wrong;
  std::ifstream in{output()};
  if (!in) return {"there is no " + output().string()};
  uint64_t i = 0;
  for (std::string line; std::getline(in, line); ++i) {
    const auto want = prompt_text(i);
    const auto j = nlohmann::json::parse(line, nullptr, false);
    if (j.is_discarded() || j.value("custom_id", "") != want) {
      wrong.push_back(
        fmt::format("line {} is not the result of {}: {}", i + 1, want, line.substr(0, 200)));
      continue;
    }
    const auto& response = j["response"];
    const bool ok = response.is_object() && response.value("status_code", 0) == 200;
    if (!ok) {
      if (std::find(may_fail.begin(), may_fail.end(), want) == may_fail.end()) {
        wrong.push_back(fmt::format("{} failed: {}", want, line.substr(0, 300)));
      }
      continue;
    }
    const auto text = response["body"]["choices"][0]["message"]["content"].get<std::string>();
    if (text != "echo: " + want) {
      wrong.push_back(
        fmt::format("{} got the answer of another prompt: {}", want, text.substr(0, 100)));
    }
  }
  if (i != prompts_) wrong.push_back(fmt::format("{} results for {} lines", i, prompts_));
  return wrong;
}

int run_case::doctor() const {
  child_options o;
  o.program = bin_dir() / "perennial";
  o.args = {"doctor", data().string()};
  child_process p{o};
  const auto status = p.wait();
  return status && status->signal == 0 ? status->code : -1;
}

namespace {

/// Results on disk, of all batches; none where there is no database yet.
uint64_t durable_results(const std::filesystem::path& data) {
  child_options o;
  o.program = bin_dir() / "perennial";
  o.args = {"doctor", data.string(), "--json"};
  child_process p{o};
  const auto status = p.wait();
  const auto report = nlohmann::json::parse(p.output(), nullptr, false);
  if (!status || !status->ok() || report.is_discarded()) return 0;
  uint64_t sum = 0;
  for (const auto& b : report["batches"]) {
    sum += b["completed"].get<uint64_t>() + b["failed"].get<uint64_t>();
  }
  return sum;
}

} // namespace

uint64_t kill_and_count_owed(child_process& p, const sim_process& sim,
                             const std::filesystem::path& data) {
  p.kill(SIGSTOP); // from here on it sends nothing
  auto stats = sim.stats();
  for (;;) { // until the sim has read what is on the way
    auto next = sim.stats();
    if (next["requests"] == stats["requests"]) break;
    stats = std::move(next);
  }
  p.kill(SIGKILL);
  p.wait();
  const auto given =
    stats["distinct_prompts_answered"].get<uint64_t>() + stats["in_flight"].get<uint64_t>();
  const auto durable = durable_results(data);
  return given - std::min(given, durable);
}

} // namespace perennial::test
