// A wrong set-up or a provider that is away: it is said once, in one sentence with what to do, no
// line is failed by it, and the run goes on by itself when things are mended.
#include "run_fixture.hpp"

#include <boost/test/unit_test.hpp>
#include <httplib.h>

#include <atomic>
#include <csignal>
#include <thread>

using namespace perennial::test;
using nlohmann::json;

namespace {

constexpr uint64_t lines = 30;

/// The run ended well, each line has its own answer, and one warning was said, with `words` in it.
void must_have_gone_on(run_case& c, child_process& run, std::vector<std::string_view> words) {
  const auto ended = run.wait();
  BOOST_REQUIRE_MESSAGE(ended, "it does not end: " << run.errors());
  BOOST_TEST(ended->ok(), "exit " << ended->code << ": " << run.errors());
  const auto wrong = c.check_results();
  BOOST_TEST(wrong.empty(), (wrong.empty() ? "" : wrong.front()));
  const auto said = run.errors();
  BOOST_TEST(count(said, "warning:") == 1U, said);
  BOOST_TEST(count(said, "error:") == 0U, said);
  for (const auto w : words) BOOST_TEST(has(said, w), "\"" << w << "\" is not in: " << said);
}

/// A server that knows nothing at any path until it is mended; then it answers as the sim does.
class misplaced_provider {
public:
  misplaced_provider() {
    server_.Post(".*", [this](const httplib::Request& r, httplib::Response& to) {
      if (!mended_) {
        ++turned_away_;
        to.status = 404;
        return to.set_content("<html>no such page</html>", "text/html");
      }
      const auto prompt = json::parse(r.body)["messages"][0]["content"].get<std::string>();
      const json message{{"role", "assistant"}, {"content", "echo: " + prompt}};
      const json choice{{"index", 0}, {"message", message}, {"finish_reason", "stop"}};
      to.set_content(json{{"choices", json::array({choice})}}.dump(), "application/json");
    });
    port_ = server_.bind_to_any_port("127.0.0.1");
    thread_ = std::thread{[this] { server_.listen_after_bind(); }};
    while (!server_.is_running()) std::this_thread::yield();
  }
  ~misplaced_provider() {
    server_.stop();
    thread_.join();
  }

  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_) + "/wrong"; }
  void mend() { mended_ = true; }
  uint64_t turned_away() const { return turned_away_; }

private:
  httplib::Server server_;
  int port_ = 0;
  std::atomic<bool> mended_{false};
  std::atomic<uint64_t> turned_away_{0};
  std::thread thread_;
};

} // namespace

BOOST_AUTO_TEST_SUITE(run_with_a_wrong_set_up)

BOOST_AUTO_TEST_CASE(a_refused_connection_is_said_once_and_the_run_goes_on_when_somebody_listens) {
  const sim_process sim;
  sim.control({{"outage", true}});
  run_case c{lines};
  auto run = c.start(sim.url(), {"--concurrency", "8"});
  BOOST_REQUIRE_MESSAGE(run->wait_for_errors("warning:"), run->errors());
  sim.control({{"outage", false}});
  must_have_gone_on(c, *run, {sim.url(), "is taken for down and is being probed; its lines wait"});
}

BOOST_AUTO_TEST_CASE(a_wrong_path_is_said_once_and_no_line_is_failed_by_its_404) {
  misplaced_provider provider;
  run_case c{lines};
  auto run = c.start(provider.url(), {"--concurrency", "8"});
  BOOST_REQUIRE_MESSAGE(run->wait_for_errors("warning:"), run->errors());
  provider.mend();
  must_have_gone_on(c, *run, {"404 from " + provider.url(), "check the base URL"});
  BOOST_TEST(provider.turned_away() <= 8U); // those in flight, and then it stopped
}

BOOST_AUTO_TEST_CASE(after_a_wrong_path_the_same_state_goes_on_with_the_right_one) {
  const sim_process sim;
  run_case c{lines};
  {
    auto run = c.start(sim.origin() + "/v2/wrong", {"--concurrency", "8"});
    BOOST_REQUIRE_MESSAGE(run->wait_for_errors("check the base URL"), run->errors());
    run->kill(SIGINT);
    const auto ended = run->wait();
    BOOST_REQUIRE(ended);
    BOOST_TEST(ended->code == 3, run->errors());
  }
  const auto again = run_to_end(c, sim.url());
  BOOST_TEST(again.status.ok(), again.errors);
  BOOST_TEST(c.check_results().empty());
}

BOOST_AUTO_TEST_CASE(a_refused_key_is_said_once_without_the_key_and_lines_wait_until_it_is_good) {
  const sim_process sim{{"--api-key", "sk-the-right-one-0123456789"}};
  run_case c{lines};
  const std::string wrong = "sk-the-wrong-one-0123456789";
  auto run = c.start(sim.url(), {"--concurrency", "8"}, {{"OPENAI_API_KEY", wrong}});
  BOOST_REQUIRE_MESSAGE(run->wait_for_errors("warning:"), run->errors());
  sim.control({{"api_key", wrong}});
  must_have_gone_on(c, *run, {"401 from " + sim.url(), "check the variable OPENAI_API_KEY"});
  BOOST_TEST(!has(run->errors() + run->output() + read_file(c.output()), wrong));
}

BOOST_AUTO_TEST_CASE(a_key_that_is_not_set_is_said_so) {
  const sim_process sim{{"--api-key", "sk-the-right-one-0123456789"}};
  run_case c{lines};
  auto run =
    c.start(sim.url(), {"--concurrency", "8", "--api-key-env", "PERENNIAL_TEST_NO_SUCH_KEY"});
  BOOST_REQUIRE_MESSAGE(run->wait_for_errors("warning:"), run->errors());
  sim.control({{"api_key", ""}});
  must_have_gone_on(
    c, *run,
    {"401 from " + sim.url(), "PERENNIAL_TEST_NO_SUCH_KEY is not set, so no key was sent: set it"});
}

BOOST_AUTO_TEST_CASE(what_serve_refuses_is_refused_by_run_and_a_pasted_key_is_not_shown) {
  const sim_process sim;
  run_case c{lines};
  const auto refused = [&](std::vector<std::string> flags, std::string_view why) {
    const auto ended = run_to_end(c, sim.url(), std::move(flags));
    BOOST_TEST(ended.status.code == 2, ended.errors);
    BOOST_TEST(has(ended.errors, why), ended.errors);
    BOOST_TEST(!has(ended.errors + ended.output, "sk-abc-123"), ended.errors);
  };
  refused({"--memory", "1"}, "a memory budget of 1 B is too small; give at least 64 MiB");
  refused({"--api-key-env", "sk-abc-123"}, "--api-key-env");
  refused({"--max-line-bytes", "1GiB"}, "--max-line-bytes");
  refused({"--data", "/dev/null/d"}, "the data directory /dev/null/d cannot be made: /dev/null is");
  refused({"--data", c.jobs().string()}, "there is a file of that name");
  BOOST_TEST(sim.stat("requests") == 0U);
  BOOST_TEST(!std::filesystem::exists(c.data()));
}

BOOST_AUTO_TEST_CASE(a_provider_that_thinks_for_longer_than_give_up_after_is_waited_for) {
  const sim_process sim{{"--latency", "2500ms"}};
  run_case c{1};
  const auto ended = run_to_end(c, sim.url(), {"--give-up-after", "1"});
  BOOST_TEST(ended.status.ok(), ended.errors);
  BOOST_TEST(c.check_results().empty());
}

BOOST_AUTO_TEST_CASE(an_unknown_model_holds_up_its_own_lines_only) {
  const sim_process sim{{"--wrong-model", "nobody"}};
  run_case c{lines};
  std::string jobs;
  for (uint64_t i = 0; i < lines; ++i) jobs += job_line(i, i % 3 == 0 ? "nobody" : "m");
  write_file(c.jobs(), jobs);
  auto run = c.start(sim.url(), {"--concurrency", "8"});
  BOOST_REQUIRE_MESSAGE(run->wait_for_errors("warning:"), run->errors());
  BOOST_REQUIRE(sim_has(sim, lines * 2 / 3, 0));
  BOOST_TEST(run->running());
  sim.control({{"wrong_model", ""}});
  must_have_gone_on(c, *run, {"does not know the model \"nobody\"; check its name"});
}

BOOST_AUTO_TEST_CASE(a_key_that_worked_before_a_restart_is_not_blamed_for_one_forbidden_line) {
  const sim_process sim{{"--hold", prompt_text(1)}};
  run_case c{2};
  {
    auto first = c.start(sim.url(), {"--concurrency", "2"});
    BOOST_REQUIRE(sim_has(sim, 1, 1));
    first->kill(SIGINT);
    BOOST_REQUIRE(first->wait_for_errors("Stopping"));
    first->kill(SIGINT); // the held call is aborted
    BOOST_REQUIRE(first->wait());
  }
  sim.control({{"hold", ""}, {"forbid", prompt_text(1)}});
  const auto ended = run_to_end(c, sim.url());
  BOOST_TEST(ended.status.code == 1, ended.errors);
  const auto results = read_results(c.output());
  BOOST_REQUIRE(results.size() == 2U);
  BOOST_TEST(answer_of(results[0]) == "echo: " + prompt_text(0));
  BOOST_TEST(results[1]["response"]["status_code"] == 403);
}

BOOST_AUTO_TEST_CASE(a_provider_that_never_answers_is_given_up_and_the_run_can_go_on_later) {
  const sim_process sim;
  sim.control({{"outage", true}});
  run_case c{lines};
  const auto ended = run_to_end(c, sim.url(), {"--give-up-after", "1"});
  BOOST_TEST(ended.status.code == 3, ended.errors);
  BOOST_TEST(count(ended.errors, "error:") == 1U, ended.errors);
  BOOST_TEST(has(ended.errors, "no answer from " + sim.url()), ended.errors);
  BOOST_TEST(has(ended.errors, "run the same command again to go on"), ended.errors);
  BOOST_TEST(!has(ended.errors, "?."), ended.errors);
  BOOST_TEST(!has(ended.errors, ".."), ended.errors);
  BOOST_TEST(!std::filesystem::exists(c.output()));
  sim.control({{"outage", false}});
  const auto again = run_to_end(c, sim.url());
  BOOST_TEST(again.status.ok(), again.errors);
  BOOST_TEST(c.check_results().empty());
}

BOOST_AUTO_TEST_CASE(a_job_file_that_is_wrong_as_a_whole_stops_with_the_providers_reason) {
  const sim_process sim{{"--latency", "20ms"}};
  run_case c{0};
  constexpr size_t count = 3000;
  std::string text;
  for (size_t i = 0; i < count; ++i) {
    text += "{\"custom_id\":\"" + std::to_string(i) +
            "\",\"method\":\"POST\",\"url\":\"/v1/chat/completions\",\"body\":{\"model\":\"m\"}}\n";
  }
  write_file(c.jobs(), text);
  const auto ended = run_to_end(c, sim.url(), {"--concurrency", "4"});
  BOOST_TEST(ended.status.code == 3, ended.errors);
  BOOST_TEST(perennial::test::count(ended.errors, "error:") == 1U, ended.errors);
  BOOST_TEST(has(ended.errors, "all rejected with code 400"), ended.errors);
  BOOST_TEST(has(ended.errors, "\"messages\" is missing"), ended.errors);
  BOOST_TEST(has(ended.errors, "--fresh"), ended.errors);
  BOOST_TEST(sim.stat("requests") >= 20U);
  BOOST_TEST(sim.stat("requests") < count / 3);
}

BOOST_AUTO_TEST_SUITE_END()
