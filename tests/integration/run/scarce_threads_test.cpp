// A system that gives few threads: fewer calls at once, and nothing else.
#include "run_fixture.hpp"

#include "tests/support/child_process.hpp"

#include <boost/test/unit_test.hpp>
#include <fmt/format.h>

#include <filesystem>

#include <unistd.h>

using namespace perennial::test;

namespace {

/// A user that nobody else is, and who may have so many threads.
class user_with {
public:
  explicit user_with(uint32_t threads)
    : args_{fmt::format("--reuid={}", 1'000'000 + ::getpid()), "--clear-groups", "prlimit",
            fmt::format("--nproc={}", threads)} {}

  child_options runs(const std::vector<std::string>& command) const {
    child_options o;
    o.program = "/usr/bin/setpriv";
    o.args = args_;
    o.args.insert(o.args.end(), command.begin(), command.end());
    // An actor that got no thread stays in memory: that is known.
    o.env = {{"ASAN_OPTIONS", "detect_leaks=0"}};
    return o;
  }
  /// Whether we can be that user, and that one may read the file.
  bool can_read(const std::filesystem::path& file) const {
    child_process p{runs({"test", "-r", file.string()})};
    const auto ended = p.wait();
    return ended && ended->ok();
  }

private:
  std::vector<std::string> args_;
};

} // namespace

BOOST_AUTO_TEST_SUITE(scarce_threads)

BOOST_AUTO_TEST_CASE(a_batch_runs_with_the_threads_that_there_are_and_the_program_ends) {
  constexpr uint32_t threads = 120;
  sim_process sim{{"--latency", "300ms"}};
  run_case c{3'000};
  const user_with user{threads};
  std::filesystem::permissions(c.dir(), std::filesystem::perms::all);
  if (!user.can_read(c.jobs())) {
    BOOST_TEST_MESSAGE("not tried: no program can be started as another user here");
    return;
  }
  const auto program = c.dir() / "perennial"; // where that user may look
  std::filesystem::copy_file(bin_dir() / "perennial", program);
  child_process p{user.runs({program, "run", c.jobs(), "-o", c.output(), "--base-url", sim.url(),
                             "--concurrency", "400", "--json"})};
  const auto ended = p.wait();
  BOOST_TEST_REQUIRE(ended.has_value(), p.errors());
  BOOST_TEST(ended->ok(), p.errors());
  BOOST_TEST(c.check_results().empty());
  BOOST_TEST(sim.stat("requests") == 3'000U);
  BOOST_TEST(count(p.errors(), "the system gives no thread for more calls at once") >= 1U,
             p.errors());
  const auto most = sim.stat("max_in_flight");
  BOOST_TEST(most < threads);
  BOOST_TEST(most > threads / 2);
}

BOOST_AUTO_TEST_SUITE_END()
