// The life of one run's state: run again after its end, with another job, by two processes at once,
// after Ctrl-C.
#include "run_fixture.hpp"

#include <boost/test/unit_test.hpp>

#include <csignal>

using namespace perennial::test;
using nlohmann::json;

namespace {

constexpr uint64_t lines = 20;

/// A run to its end, and the state that it leaves.
struct finished_run {
  finished_run() {
    const auto ended = run_to_end(c, sim.url());
    BOOST_REQUIRE_MESSAGE(ended.status.ok(), ended.errors);
    requests = sim.stat("requests");
    BOOST_REQUIRE(requests == lines);
  }

  /// It was refused with a sentence that says `why` and how to get out, and nobody was called.
  void must_be_refused(const ended_command& ended, std::string_view why) const {
    BOOST_TEST(ended.status.code == 2, ended.errors);
    BOOST_TEST(count(ended.errors, "error:") == 1U, ended.errors);
    BOOST_TEST(has(ended.errors, why), ended.errors);
    BOOST_TEST(has(ended.errors, "--fresh"), ended.errors);
    BOOST_TEST(sim.stat("requests") == requests);
    BOOST_TEST(c.check_results().empty());
  }

  sim_process sim;
  run_case c{lines};
  uint64_t requests = 0;
};

/// A run that has come to the line that the sim holds: five are done, the sixth is out.
struct held_run {
  held_run() {
    run = c.start(sim.url(), {"--concurrency", "1"});
    BOOST_REQUIRE(sim_has(sim, 5, 1));
  }

  // Long enough for a signal to get round while a call is out.
  sim_process sim{{"--hold", prompt_text(5), "--latency", "50ms"}};
  run_case c{lines};
  std::unique_ptr<child_process> run;
};

} // namespace

BOOST_AUTO_TEST_SUITE(the_life_of_a_run)

BOOST_FIXTURE_TEST_CASE(run_again_when_finished_says_so_and_calls_nobody, finished_run) {
  const auto before = read_file(c.output());
  const auto again = run_to_end(c, sim.url());
  BOOST_TEST(again.status.ok(), again.errors);
  BOOST_TEST(has(again.errors, "Finished already"), again.errors);
  BOOST_TEST(json::parse(again.output)["completed"] == lines);
  BOOST_TEST(read_file(c.output()) == before);
  std::filesystem::remove(c.output()); // it is written again from the state
  const auto third = run_to_end(c, sim.url());
  BOOST_TEST(third.status.ok(), third.errors);
  BOOST_TEST(read_file(c.output()) == before);
  BOOST_TEST(sim.stat("requests") == requests);
}

BOOST_FIXTURE_TEST_CASE(it_goes_on_when_nobody_can_be_reached_for_there_is_nothing_to_ask,
                        finished_run) {
  sim.control({{"outage", true}});
  BOOST_TEST(run_to_end(c, sim.url()).status.ok());
}

BOOST_FIXTURE_TEST_CASE(another_job_file_on_the_same_state_is_refused, finished_run) {
  write_file(c.jobs(), job_line(0, "m") + job_line(1, "another"));
  must_be_refused(run_to_end(c, sim.url()), "its job file is not " + c.jobs().string());
}

BOOST_FIXTURE_TEST_CASE(the_same_job_file_written_anew_is_the_same_job, finished_run) {
  const auto text = read_file(c.jobs());
  std::filesystem::remove(c.jobs());
  write_file(c.jobs(), text);
  const auto again = run_to_end(c, sim.url());
  BOOST_TEST(again.status.ok(), again.errors);
  BOOST_TEST(sim.stat("requests") == requests);
}

BOOST_FIXTURE_TEST_CASE(another_endpoint_model_or_format_on_the_same_state_is_refused,
                        finished_run) {
  must_be_refused(run_to_end(c, sim.url(), {"--endpoint", "/v1/embeddings"}),
                  "its endpoint is /v1/chat/completions, not /v1/embeddings");
  must_be_refused(run_to_end(c, sim.url(), {"--model", "other"}), "not \"other\"");
  must_be_refused(run_to_end(c, sim.url(), {"--format", "text"}),
                  "its --format is jsonl, not text");
}

BOOST_FIXTURE_TEST_CASE(fresh_throws_the_state_away_and_begins_anew, finished_run) {
  const auto again = run_to_end(c, sim.url(), {"--fresh"});
  BOOST_TEST(again.status.ok(), again.errors);
  BOOST_TEST(sim.stat("requests") == 2 * requests);
  BOOST_TEST(c.check_results().empty());
}

BOOST_FIXTURE_TEST_CASE(fresh_leaves_a_directory_alone_that_is_no_state, finished_run) {
  const auto mine = c.dir() / "mine";
  std::filesystem::create_directory(mine);
  write_file(mine / "thesis.txt", "years of work");
  const auto ended = run_to_end(c, sim.url(), {"--fresh", "--data", mine.string()});
  BOOST_TEST(ended.status.code == 2, ended.errors);
  BOOST_TEST(read_file(mine / "thesis.txt") == "years of work");
}

BOOST_FIXTURE_TEST_CASE(ctrl_c_lets_the_call_in_flight_end_and_the_next_run_goes_on, held_run) {
  run->kill(SIGINT);
  BOOST_REQUIRE_MESSAGE(run->wait_for_errors("Stopping"), run->errors());
  sim.control({{"hold", ""}});
  const auto ended = run->wait();
  BOOST_REQUIRE(ended);
  BOOST_TEST(ended->code == 3, run->errors());
  // "Stopping" is said first: another call may have gone out before all had heard of it.
  const auto done = sim.stat("requests");
  BOOST_TEST(done >= 6U);
  BOOST_TEST(done <= 8U);
  const auto so_many = std::to_string(done) + " of 20 lines are done";
  BOOST_TEST(has(run->errors(), so_many + "; run the same command again to go on"), run->errors());
  BOOST_TEST(!std::filesystem::exists(c.output()));
  const auto again = run_to_end(c, sim.url());
  BOOST_TEST(again.status.ok(), again.errors);
  BOOST_TEST(has(again.errors, "Going on: " + so_many), again.errors);
  BOOST_TEST(c.check_results().empty());
  BOOST_TEST(sim.stat("requests") == lines); // none was called again
}

BOOST_FIXTURE_TEST_CASE(ctrl_c_twice_aborts_and_the_aborted_call_is_made_again, held_run) {
  run->kill(SIGINT);
  BOOST_REQUIRE_MESSAGE(run->wait_for_errors("Stopping"), run->errors());
  run->kill(SIGINT);
  const auto ended = run->wait();
  BOOST_REQUIRE_MESSAGE(ended, "it waits for the held call: " << run->errors());
  BOOST_TEST(ended->code == 3, run->errors());
  sim.control({{"hold", ""}});
  const auto again = run_to_end(c, sim.url());
  BOOST_TEST(again.status.ok(), again.errors);
  BOOST_TEST(c.check_results().empty());
  BOOST_TEST(json::parse(again.output)["ambiguous"] == 1U, again.output);
  BOOST_TEST(sim.stat("requests") == lines + 1);
}

BOOST_FIXTURE_TEST_CASE(a_second_process_on_the_same_state_is_refused_by_name_and_pid, held_run) {
  const auto second = run_to_end(c, sim.url());
  BOOST_TEST(second.status.signal == 0);
  BOOST_TEST(second.status.code != 0);
  BOOST_TEST(count(second.errors, "error:") == 1U, second.errors);
  BOOST_TEST(has(second.errors, "perennial"), second.errors);
  BOOST_TEST(has(second.errors, "pid " + std::to_string(run->pid())), second.errors);
  BOOST_TEST(run->running());
  sim.control({{"hold", ""}});
  const auto ended = run->wait();
  BOOST_TEST((ended && ended->ok()), run->errors());
  BOOST_TEST(c.check_results().empty());
}

BOOST_AUTO_TEST_CASE(doctor_says_of_a_damaged_state_what_is_damaged_and_what_to_do) {
  const finished_run done;
  BOOST_TEST(done.c.doctor() == 0);
  for (const auto& e : std::filesystem::directory_iterator(done.c.data() / "db")) {
    if (!e.path().filename().string().starts_with("MANIFEST")) continue;
    auto bytes = read_file(e.path());
    BOOST_REQUIRE(bytes.size() > 40U);
    bytes.replace(bytes.size() / 2, 8, "garbage!");
    write_file(e.path(), bytes);
  }
  const auto ended = run_command({"doctor", done.c.data().string()});
  BOOST_TEST(ended.status.code == 1);
  BOOST_TEST(has(ended.errors, done.c.data().string() + " is damaged"), ended.errors);
  BOOST_TEST(has(ended.errors, "Keep a copy"), ended.errors);
}

BOOST_FIXTURE_TEST_CASE(a_line_that_the_process_died_of_three_times_fails_and_others_are_done,
                        held_run) {
  // Nothing moves for many looks: it is the held line's call that is out.
  const auto stands_still = [&] {
    return eventually([&] {
      const auto before = sim.stats();
      for (int looks = 0; looks < 1000; ++looks) {
        if (sim.stat("requests") != before.at("requests")) return false;
      }
      return before.at("in_flight") == 1 && before.at("requests") > 0;
    });
  };
  for (int deaths = 0; deaths < 3; ++deaths) {
    if (deaths > 0) run = c.start(sim.url(), {"--concurrency", "1"});
    BOOST_REQUIRE(stands_still());
    run->kill(SIGABRT);
    run->wait();
    sim.reset_stats();
  }
  const auto ended = run_to_end(c, sim.url(), {"--concurrency", "1"});
  BOOST_TEST(ended.status.code == 1, ended.errors); // done, and one line failed
  const auto results = read_results(c.output());
  BOOST_REQUIRE(results.size() == lines);
  BOOST_TEST(results[5].at("error").at("code") == "worker_crashed", results[5].dump());
  BOOST_TEST(c.check_results({prompt_text(5)}).empty());
  BOOST_TEST(c.doctor() == 0);
}

BOOST_AUTO_TEST_SUITE_END()
