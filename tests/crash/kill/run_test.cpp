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

constexpr int rounds = 20;
constexpr uint32_t concurrency = 32;

struct kill_result {
  uint64_t ambiguous = 0; ///< Lines that the next process found to have been out at a kill.
  uint64_t owed = 0;      ///< The same, as counted from outside.
};

/// Kills it at twenty random moments, then lets it end. At 60 ms a call the work takes 9 s: more
/// than all moments together.
kill_result kill_again_and_again(run_case& c, const sim_process& sim,
                                 std::vector<std::string> flags,
                                 std::map<std::string, std::string> env, std::mt19937_64& random) {
  kill_result out;
  flags.insert(flags.end(), {"--concurrency", std::to_string(concurrency)});
  for (int round = 0; round < rounds; ++round) {
    auto p = c.start(sim.url(), flags, env);
    // A random moment is what is tested; whatever the machine's speed, every moment is fair.
    const std::chrono::milliseconds moment{std::uniform_int_distribution<int>{20, 440}(random)};
    BOOST_REQUIRE_MESSAGE(!p->wait(moment), "it was done before kill " << round << p->errors());
    const auto owed = kill_and_count_owed(*p, sim, c.data());
    BOOST_TEST(owed <= concurrency + most_unsynced);
    out.owed += owed;
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

/// Where no fault of the sim's makes a call be repeated.
void must_call_again_what_was_out_only(const kill_result& done, const sim_process& sim) {
  const auto twice = sim.stat("answered_more_than_once");
  BOOST_TEST(twice <= done.owed,
             twice << " lines were called again, " << done.owed << " were out at the kills");
  BOOST_TEST(twice <= done.ambiguous);
  BOOST_TEST_MESSAGE(rounds << " kills, " << twice << " lines called again, " << done.owed
                            << " were out, of which " << done.ambiguous << " were counted");
}

} // namespace

BOOST_AUTO_TEST_SUITE(kill_run)

BOOST_AUTO_TEST_CASE(twenty_kills_leave_exactly_one_result_per_line) {
  const auto s = seed();
  BOOST_TEST_INFO_SCOPE("PERENNIAL_SEED=" << s);
  std::mt19937_64 random{s};
  sim_process sim{{"--latency", "60ms", "--jitter", "0.5", "--seed", std::to_string(s % 1000)}};
  run_case c{5000};
  must_call_again_what_was_out_only(kill_again_and_again(c, sim, {}, {}, random), sim);
  must_hold(c);
}

BOOST_AUTO_TEST_CASE(kills_among_faults_fail_no_line_wrongly) {
  const auto s = seed();
  BOOST_TEST_INFO_SCOPE("PERENNIAL_SEED=" << s);
  std::mt19937_64 random{s};
  sim_process sim{{"--latency",
                   "60ms",
                   "--jitter",
                   "0.5",
                   "--rate-429",
                   "0.001",
                   "--rate-429-after",
                   "0.001",
                   "--rate-500",
                   "0.02",
                   "--rate-503",
                   "0.01",
                   "--rate-reset-before",
                   "0.01",
                   "--rate-reset-after",
                   "0.01",
                   "--rate-truncated",
                   "0.01",
                   "--seed",
                   std::to_string(s % 1000)}};
  run_case c{5000};
  kill_again_and_again(c, sim, {"--max-attempts", "20", "--breaker-open", "1"}, {}, random);
  must_hold(c);
}

BOOST_AUTO_TEST_CASE(kills_over_tls_leave_exactly_one_result_per_line) {
  const auto s = seed();
  BOOST_TEST_INFO_SCOPE("PERENNIAL_SEED=" << s);
  std::mt19937_64 random{s};
  run_case c{5000};
  const auto ca = c.dir() / "ca.pem";
  sim_process sim{{"--latency", "60ms", "--jitter", "0.5", "--tls", "--write-ca", ca.string()}};
  // As the system's certificates are found.
  const auto done = kill_again_and_again(c, sim, {}, {{"SSL_CERT_FILE", ca.string()}}, random);
  must_call_again_what_was_out_only(done, sim);
  must_hold(c);
}

BOOST_AUTO_TEST_SUITE_END()
