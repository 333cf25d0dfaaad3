// A system that gives few threads: fewer calls at once, and nothing else.
#include "run_fixture.hpp"

#include "tests/support/child_process.hpp"

#include <boost/test/unit_test.hpp>
#include <fmt/format.h>

#include <filesystem>

#include <unistd.h>

using namespace perennial::test;

namespace {

/// `perennial run` as a user of its own who may have so many threads.
child_options as_user_with(uint32_t threads, const run_case& c, const std::string& url,
                           uint32_t concurrency) {
  // Who that is, nobody else is; and what he runs must lie where he may look.
  const auto user = 1'000'000 + ::getpid();
  const auto program = c.dir() / "perennial";
  std::filesystem::copy_file(bin_dir() / "perennial", program);
  std::filesystem::permissions(c.dir(), std::filesystem::perms::all);
  child_options o;
  o.program = "/usr/bin/setpriv";
  o.args = {fmt::format("--reuid={}", user),
            "--clear-groups",
            "prlimit",
            fmt::format("--nproc={}", threads),
            program.string(),
            "run",
            c.jobs().string(),
            "-o",
            c.output().string(),
            "--base-url",
            url,
            "--concurrency",
            std::to_string(concurrency),
            "--json"};
  // An actor that got no thread stays in memory: that is known.
  o.env = {{"ASAN_OPTIONS", "detect_leaks=0"}};
  return o;
}

} // namespace

BOOST_AUTO_TEST_SUITE(scarce_threads)

BOOST_AUTO_TEST_CASE(a_batch_runs_with_the_threads_that_there_are_and_the_program_ends) {
  if (::geteuid() != 0) {
    BOOST_TEST_MESSAGE("not tried: only root can start a program as another user");
    return;
  }
  constexpr uint32_t threads = 120;
  sim_process sim{{"--latency", "300ms"}};
  run_case c{3'000};
  child_process p{as_user_with(threads, c, sim.url(), 400)};
  const auto ended = p.wait();
  BOOST_TEST_REQUIRE(ended.has_value(), p.errors());
  BOOST_TEST(ended->ok(), p.errors());
  BOOST_TEST(c.check_results().empty());
  BOOST_TEST(sim.stat("requests") == 3'000U);
  BOOST_TEST(count(p.errors(), "the system gives no thread for more calls at once") == 1U,
             p.errors());
  const auto most = sim.stat("max_in_flight");
  BOOST_TEST(most < threads);
  BOOST_TEST(most > threads / 2);
}

BOOST_AUTO_TEST_SUITE_END()
