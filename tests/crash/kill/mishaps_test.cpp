// kill -9 of `perennial run` while everything else goes wrong too: a third of the calls fail with
// 500, one model is unknown, one line is forbidden, and the provider is away for a while. No line
// is failed by any of it but the forbidden one.
#include "tests/support/run_case.hpp"

#include <boost/test/unit_test.hpp>
#include <fmt/format.h>

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <random>

using namespace perennial::test;
using nlohmann::json;

namespace {

constexpr uint64_t lines = 2000;
constexpr uint64_t forbidden = 777;
constexpr int kills = 16;
/// Backoffs of lines that failed often, and the breaker's waits after the outage.
constexpr std::chrono::seconds patience{400};

bool has_wrong_model(uint64_t i) { return i % 40 == 13; }

/// Every 40th line is for a model that does not exist.
void write_jobs(const run_case& c) {
  std::string text;
  for (uint64_t i = 0; i < lines; ++i)
    text +=
      fmt::format(R"({{"custom_id":"{0}","method":"POST","url":"/v1/chat/completions","body":)"
                  R"({{"model":"{1}","messages":[{{"role":"user","content":"{0}"}}]}}}})"
                  "\n",
                  prompt_text(i), has_wrong_model(i) ? "wrong" : "m");
  write_file(c.jobs(), text);
}

/// Seconds that the provider is away; PERENNIAL_OUTAGE_SECONDS makes it longer.
int outage_seconds() {
  const char* given = std::getenv("PERENNIAL_OUTAGE_SECONDS");
  return given ? std::atoi(given) : 10;
}

/// Until all lines but those of the wrong model have their end: answered, or refused for good.
bool rest_is_done(const sim_process& sim, child_process& run) {
  uint64_t waiting = 0;
  for (uint64_t i = 0; i < lines; ++i) waiting += has_wrong_model(i) ? 1U : 0U;
  const auto until = std::chrono::steady_clock::now() + patience;
  while (std::chrono::steady_clock::now() < until) {
    if (run.wait(std::chrono::milliseconds{20})) return false;
    const auto s = sim.stats();
    if (s.at("distinct_prompts_answered") == lines - waiting - 1 && s.at("in_flight") == 0)
      return true;
  }
  return false;
}

} // namespace

BOOST_AUTO_TEST_SUITE(kill_run)

BOOST_AUTO_TEST_CASE(kills_among_mishaps_fail_the_forbidden_line_only) {
  const char* given = std::getenv("PERENNIAL_SEED");
  const uint64_t seed = given ? std::strtoull(given, nullptr, 10) : std::random_device{}();
  BOOST_TEST_INFO_SCOPE("PERENNIAL_SEED=" << seed);
  std::mt19937_64 random{seed};
  const sim_process sim{{"--latency", "20ms", "--jitter", "0.5", "--rate-500", "0.3",
                         "--wrong-model", "wrong", "--forbid", prompt_text(forbidden), "--seed",
                         std::to_string(seed % 1000)}};
  run_case c{lines};
  write_jobs(c);
  const std::vector<std::string> flags{"--concurrency",  "32", "--max-attempts", "20",
                                       "--breaker-open", "1"};
  for (int round = 0; round < kills; ++round) {
    auto p = c.start(sim.url(), flags);
    if (round == kills - 1) sim.control({{"outage", outage_seconds()}}); // the next start meets it
    // A random moment is what is tested; whatever the machine's speed, every moment is fair.
    const std::chrono::milliseconds moment{std::uniform_int_distribution<int>{20, 600}(random)};
    BOOST_REQUIRE_MESSAGE(!p->wait(moment), "it ended by itself: " << p->errors());
    p->kill(SIGKILL);
    p->wait();
  }
  auto last = c.start(sim.url(), flags);
  BOOST_REQUIRE_MESSAGE(rest_is_done(sim, *last), sim.stats().dump() << "\n" << last->errors());
  BOOST_TEST(last->running()); // it waits for the model
  last->kill(SIGKILL);
  last->wait();
  sim.control({{"wrong_model", ""}});
  last = c.start(sim.url(), flags); // which looks at once; the run before would within a minute
  const auto ended = last->wait(patience);
  BOOST_REQUIRE_MESSAGE(ended, "it did not end: " << last->errors());
  BOOST_TEST(ended->code == 1, last->errors());

  const auto wrong = c.check_results({prompt_text(forbidden)});
  BOOST_TEST(wrong.empty(), (wrong.empty() ? "" : wrong.front()) << " (" << wrong.size() << ")");
  const auto summary = json::parse(last->output());
  BOOST_TEST(summary["failed"] == 1, summary.dump());
  std::ifstream in{c.output()};
  std::string line;
  for (uint64_t i = 0; i <= forbidden; ++i) std::getline(in, line);
  BOOST_TEST(json::parse(line)["response"]["status_code"] == 403, line);
  BOOST_TEST(c.doctor() == 0);
}

BOOST_AUTO_TEST_SUITE_END()
