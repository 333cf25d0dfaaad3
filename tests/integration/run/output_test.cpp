// The file that `-o` names: looked at before anything is spent, and called the results only where
// it is what this run wrote.
#include "run_fixture.hpp"

#include <boost/test/unit_test.hpp>

using namespace perennial::test;
namespace fs = std::filesystem;

namespace {

constexpr uint64_t lines = 6;

struct fixture {
  sim_process sim;
  run_case c{lines};

  ended_command run_with_output(const fs::path& output, std::vector<std::string> flags = {}) {
    std::vector<std::string> args{"run",           c.jobs().string(), "-o",
                                  output.string(), "--base-url",      sim.url()};
    args.insert(args.end(), flags.begin(), flags.end());
    return run_command(args);
  }
  void must_be_refused(const ended_command& ended, std::string_view why) {
    BOOST_TEST(ended.status.code == 2, ended.errors);
    BOOST_TEST(count(ended.errors, "error:") == 1U, ended.errors);
    BOOST_TEST(has(ended.errors, why), ended.errors);
    BOOST_TEST(sim.stat("requests") == 0U);
  }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(the_output_file, fixture)

BOOST_AUTO_TEST_CASE(the_job_file_is_not_replaced_by_its_results) {
  const auto jobs = read_file(c.jobs());
  must_be_refused(run_with_output(c.jobs()), "would replace the job file");
  fs::create_hard_link(c.jobs(), c.dir() / "other-name");
  must_be_refused(run_with_output(c.dir() / "other-name"), "would replace the job file");
  fs::rename(c.dir() / "other-name", c.dir() / "o.part"); // where `-o o` is written until the end
  must_be_refused(run_with_output(c.dir() / "o"), "would replace the job file");
  const auto piped =
    run_command({"run", "-", "-o", c.jobs().string(), "--base-url", sim.url()}, {}, c.jobs());
  must_be_refused(piped, "would replace the job file");
  BOOST_TEST(read_file(c.jobs()) == jobs);
}

BOOST_AUTO_TEST_CASE(a_place_where_no_file_can_be_is_said_before_anybody_is_called) {
  const std::vector<std::string> data{"--data", (c.dir() / "d").string()};
  must_be_refused(run_with_output(c.dir(), data), "is a directory; name a file");
  must_be_refused(run_with_output(c.dir() / "nodir" / "x.jsonl", data), "nodir cannot be found");
  must_be_refused(run_with_output(c.dir() / "nodir" / "x.jsonl"), "nodir cannot be found");
  must_be_refused(run_with_output(c.jobs() / "x.jsonl", data), "Not a directory");
  must_be_refused(run_with_output("/dev/null", data), "is a device or a pipe");
  fs::create_directory(c.dir() / "x.part");
  must_be_refused(run_with_output(c.dir() / "x", data), "x.part is a directory");
  must_be_refused(run_with_output(c.dir() / "d" / "db", data), "d cannot be found");
  BOOST_TEST(!fs::exists(c.dir() / "d"));
  fs::create_directory(c.dir() / "d");
  must_be_refused(run_with_output(c.dir() / "d" / "output", data), "keeps its own output");
}

BOOST_AUTO_TEST_CASE(a_file_that_this_run_did_not_write_is_not_called_its_results) {
  const auto first = run_to_end(c, sim.url());
  BOOST_REQUIRE_MESSAGE(first.status.ok(), first.errors);
  const auto results = read_file(c.output());
  fs::remove(c.output());
  write_file(c.output(), "of another day"); // as where a kill came before the rename
  const auto again = run_to_end(c, sim.url());
  BOOST_TEST(again.status.ok(), again.errors);
  BOOST_TEST(read_file(c.output()) == results);
  BOOST_TEST(has(again.errors, "written there again"), again.errors);
  const auto third = run_to_end(c, sim.url());
  BOOST_TEST(!has(third.errors, "written there again"), third.errors);
  BOOST_TEST(sim.stat("requests") == lines);
}

BOOST_AUTO_TEST_CASE(results_of_a_retry_that_could_not_be_written_are_written_by_the_next_run) {
  sim.control({{"forbid", prompt_text(1)}});
  BOOST_TEST(run_to_end(c, sim.url(), {"--concurrency", "1"}).status.code == 1);
  sim.control({{"forbid", ""}, {"hold", prompt_text(1)}});
  const auto answered = sim.stat("answered_ok");
  auto retry = c.start(sim.url(), {"--retry-failed"});
  BOOST_REQUIRE(sim_has(sim, answered, 1));
  const auto in_the_way = c.output().string() + ".part";
  fs::create_directory(in_the_way);
  sim.control({{"hold", ""}});
  const auto ended = retry->wait();
  BOOST_REQUIRE(ended);
  BOOST_TEST(ended->code == 3, retry->errors());
  fs::remove(in_the_way);
  const auto requests = sim.stat("requests");
  const auto again = run_to_end(c, sim.url());
  BOOST_TEST(again.status.ok(), again.errors);
  BOOST_TEST(c.check_results().empty());
  BOOST_TEST(sim.stat("requests") == requests);
}

BOOST_AUTO_TEST_SUITE_END()
