// kill -9 of `perennial run` at random moments: nothing is lost, nothing is there twice, and only
// lines that were out at a kill are called again.
#include "tests/support/run_case.hpp"

#include <boost/test/unit_test.hpp>

#include <csignal>
#include <cstdlib>
#include <random>
#include <thread>

using namespace perennial::test;
using nlohmann::json;

namespace {

/// Answers that may wait for the disk before new calls do; see actors/work/supervisor.cpp.
constexpr uint32_t most_unsynced = 512;

/// Prints the seed where a test fails; PERENNIAL_SEED repeats it.
uint64_t seed() {
  const char* given = std::getenv("PERENNIAL_SEED");
  return given ? std::strtoull(given, nullptr, 10) : std::random_device{}();
}

struct kill_result {
  uint64_t ambiguous = 0; ///< Lines that the next process found to have been out at a kill.
  uint64_t most_out = 0;  ///< How many that can be: calls, and answers that waited for the disk.
  int kills = 0;
};

/// Kills it again and again at random moments, then lets it end.
kill_result kill_again_and_again(run_case& c, const sim_process& sim, int rounds,
                                 uint32_t concurrency, std::vector<std::string> flags,
                                 std::map<std::string, std::string> env, std::mt19937_64& random) {
  kill_result out;
  flags.insert(flags.end(), {"--concurrency", std::to_string(concurrency)});
  for (int round = 0; round < rounds; ++round) {
    auto p = c.start(sim.url(), flags, env);
    // A random moment is what is tested; whatever the machine's speed, every moment is fair.
    const std::chrono::milliseconds moment{std::uniform_int_distribution<int>{20, 600}(random)};
    if (p->wait(moment)) break; // it was done before
    p->kill(SIGKILL);
    p->wait();
    ++out.kills;
    out.most_out += 2 * concurrency + most_unsynced;
  }
  auto last = c.start(sim.url(), flags, env);
  const auto status = last->wait();
  BOOST_REQUIRE_MESSAGE(status, "it did not end: " << last->errors());
  BOOST_REQUIRE_MESSAGE(status->signal == 0 && status->code <= 1,
                        "exit " << status->code << ": " << last->errors());
  out.ambiguous = json::parse(last->output()).at("ambiguous").get<uint64_t>();
  return out;
}

void must_hold(const run_case& c, const std::vector<std::string>& may_fail = {}) {
  const auto wrong = c.check_results(may_fail);
  BOOST_TEST(wrong.empty(), (wrong.empty() ? "" : wrong.front())
                              << " (" << wrong.size() << " in all)");
  BOOST_TEST(c.doctor() == 0);
}

} // namespace

BOOST_AUTO_TEST_SUITE(kill_run)

BOOST_AUTO_TEST_CASE(twenty_kills_leave_exactly_one_result_per_line) {
  const auto s = seed();
  BOOST_TEST_INFO_SCOPE("PERENNIAL_SEED=" << s);
  std::mt19937_64 random{s};
  sim_process sim{{"--latency", "20ms", "--jitter", "0.5", "--seed", std::to_string(s % 1000)}};
  run_case c{5000};
  const auto done = kill_again_and_again(c, sim, 20, 32, {}, {}, random);
  must_hold(c);
  const auto twice = sim.stat("answered_more_than_once");
  BOOST_TEST(twice <= done.ambiguous,
             twice << " lines were called again, " << done.ambiguous << " were out at the kills");
  BOOST_TEST(done.ambiguous <= done.most_out);
  BOOST_TEST_MESSAGE(done.kills << " kills, " << twice << " lines called again");
}

BOOST_AUTO_TEST_CASE(kills_among_faults_fail_no_line_wrongly) {
  const auto s = seed();
  BOOST_TEST_INFO_SCOPE("PERENNIAL_SEED=" << s);
  std::mt19937_64 random{s};
  sim_process sim{{"--latency", "10ms", "--jitter", "0.5", "--rate-429-after", "0.01", "--rate-500",
                   "0.02", "--rate-503", "0.01", "--rate-reset-before", "0.01",
                   "--rate-reset-after", "0.01", "--rate-truncated", "0.01", "--seed",
                   std::to_string(s % 1000)}};
  run_case c{5000};
  kill_again_and_again(c, sim, 20, 32, {"--max-attempts", "20", "--breaker-open", "1"}, {}, random);
  must_hold(c);
}

BOOST_AUTO_TEST_CASE(kills_over_tls_leave_exactly_one_result_per_line) {
  const auto s = seed();
  BOOST_TEST_INFO_SCOPE("PERENNIAL_SEED=" << s);
  std::mt19937_64 random{s};
  run_case c{5000};
  const auto ca = c.dir() / "ca.pem";
  sim_process sim{{"--latency", "20ms", "--tls", "--write-ca", ca.string()}};
  kill_again_and_again(c, sim, 20, 32, {"--ca-file", ca.string()}, {}, random);
  must_hold(c);
}

BOOST_AUTO_TEST_SUITE_END()
