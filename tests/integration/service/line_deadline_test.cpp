// Lines that are not answered in time, or never: their own deadline, and what few lines show of an
// outage.
#include "actors/work/supervisor/call_verdict.hpp"
#include "batches.hpp"
#include "protocol/base/unique_fd.hpp"
#include "tests/support/eventually.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>

using namespace perennial;
using namespace perennial::test;

namespace {

/// A port on which no connection is made: its queue is full, and nobody takes from it.
class deaf_port {
public:
  deaf_port()
    : listener_{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)} {
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto* name = reinterpret_cast<sockaddr*>(&at);
    socklen_t size = sizeof at;
    BOOST_REQUIRE(::bind(listener_.get(), name, size) == 0);
    BOOST_REQUIRE(::listen(listener_.get(), 0) == 0);
    BOOST_REQUIRE(::getsockname(listener_.get(), name, &size) == 0);
    port_ = ntohs(at.sin_port);
    for (auto& waits : waiting_) { // more than fit, and none waits until it is in
      waits = unique_fd{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
      (void)::connect(waits.get(), name, size);
    }
  }
  std::string url() const { return fmt::format("http://127.0.0.1:{}/v1", port_); }

private:
  unique_fd listener_;
  std::array<unique_fd, 4> waiting_;
  uint16_t port_ = 0;
};

/// Begins anew with other settings of the only provider.
template <class F>
void reconfigure(running_service& s, F&& change) {
  s.stop();
  change(s.config.providers.front());
  s.start();
}

std::string state_of_provider(running_service& s) {
  return s.get("/v1/providers").at("data").at(0).at("state");
}

} // namespace

BOOST_AUTO_TEST_SUITE(lines_that_are_not_answered)

BOOST_AUTO_TEST_CASE(a_line_past_its_own_deadline_fails_and_says_what_its_last_attempt_got) {
  sim_process sim{{"--rate-503", "1"}};
  running_service s{sim, 4};
  const auto id =
    create(s, s.upload(lines_named("x", 3)), json{{"line_deadline", "1s"}, {"max_attempts", 100}});
  const auto over = s.wait_status(id, "completed");
  BOOST_TEST((failures(s, over) == std::map<std::string, int>{{"deadline_exceeded", 3}}));
  const auto text = s.content(over["error_file_id"]);
  BOOST_TEST(text.find("deadline of 1s") != std::string::npos, text);
  BOOST_TEST(text.find("503") != std::string::npos, text);
  sim.control({{"rate_503", 0}});
  const auto again = s.post("/v1/batches/" + id + "/retry", json{{"only", "deadline_exceeded"}});
  BOOST_TEST(completed(s.wait_status(again["id"], "completed")) == 3U);
}

BOOST_AUTO_TEST_CASE(a_call_that_is_out_is_cut_at_its_lines_deadline_and_nobody_else_suffers) {
  sim_process sim{{"--hold", "x1"}};
  running_service s{sim, 4};
  const auto id = create(s, s.upload(lines_named("x", 3)), json{{"line_deadline", "5s"}});
  const auto over = s.wait_status(id, "completed");
  BOOST_TEST(completed(over) == 2U);
  BOOST_TEST((failures(s, over) == std::map<std::string, int>{{"deadline_exceeded", 1}}));
  const auto text = s.content(over["error_file_id"]);
  BOOST_TEST(text.find("was still out when its time was over") != std::string::npos, text);
  BOOST_TEST(text.find("\"ambiguous\":true") != std::string::npos, text);
  BOOST_TEST(sim.stat("requests") == 3U);
  const auto breaker = s.get("/v1/providers").at("data").at(0);
  BOOST_TEST(breaker.at("state") == "closed");
  BOOST_TEST(breaker.at("in_flight") == 0);
}

BOOST_AUTO_TEST_CASE(a_provider_that_hangs_costs_few_lines_their_deadline_and_the_others_wait) {
  sim_process sim{{"--hold", "x"}};
  running_service s{sim, 8};
  const auto id = create(s, s.upload(lines_named("x", 200)), json{{"line_deadline", "300ms"}});
  BOOST_REQUIRE(eventually([&] { return state_of_provider(s) == "open"; }));
  sim.control({{"hold", ""}});
  s.post("/v1/providers/default/reset", json::object());
  const auto over = s.wait_status(id, "completed");
  // Five of their deadlines, 20 that count from there on, and those in flight.
  BOOST_TEST(over["request_counts"]["failed"] >= 20);
  BOOST_TEST(over["request_counts"]["failed"] <= 2 * (5 * 8 + 20 + 2 * 8));
}

BOOST_AUTO_TEST_CASE(each_trial_of_a_provider_that_hangs_costs_one_line) {
  sim_process sim{{"--hold", "x"}};
  running_service s{sim, 4};
  reconfigure(s, [](auto& p) { p.breaker_open = std::chrono::milliseconds{500}; });
  create(s, s.upload(lines_named("x", 300)), json{{"line_deadline", "300ms"}});
  uint64_t sent = 0;
  uint64_t trials = 0;
  BOOST_REQUIRE(eventually([&] {
    const auto provider = s.get("/v1/providers/default");
    sent = provider.at("sent_since_opened");
    trials = static_cast<uint64_t>(std::ranges::count(provider.at("changes"), "half-open",
                                                      [](const json& c) { return c.at("from"); }));
    return trials >= 2;
  }));
  BOOST_TEST(sent <= trials + 4); // besides them, what went out before it was known
}

BOOST_AUTO_TEST_CASE(
  a_deadline_shorter_than_answers_take_fails_its_own_lines_and_holds_up_nobody_elses) {
  sim_process sim{{"--latency", "300ms"}};
  running_service s{sim, 8};
  const auto good = create(s, s.upload(lines_named("good", 100)), json::object());
  s.wait(good, [](const json& b) { return completed(b) >= 8; });
  const auto hasty =
    create(s, s.upload(lines_named("hasty", 60)), json{{"line_deadline", "100ms"}});
  BOOST_TEST(completed(s.wait_status(good, "completed")) == 100U);
  const auto breaker = s.get("/v1/providers").at("data").at(0);
  BOOST_TEST(breaker.at("state") == "closed");
  BOOST_TEST(breaker.at("sent_since_opened") == 0U); // it never was open
  BOOST_TEST(s.wait_status(hasty, "completed")["request_counts"]["failed"] == 60);
}

BOOST_AUTO_TEST_CASE(connections_that_are_not_made_in_a_lines_time_cost_no_line) {
  for (const bool per_model : {false, true}) {
    const deaf_port nobody;
    sim_process sim{{}};
    running_service s{sim, 8};
    s.stop();
    s.config.providers.front().base_url = nobody.url();
    s.config.providers.front().breaker_per_model = per_model;
    s.start();
    std::string file;
    for (int i = 0; i < 40; ++i)
      file += fmt::format("{{\"id\":\"{0}\",\"model\":\"m{0}\",\"prompt\":\"{0}\"}}\n", i);
    const auto id = create(s, s.upload(file), json{{"line_deadline", "200ms"}});
    BOOST_TEST(eventually([&] { return state_of_provider(s) == "open"; }));
    BOOST_TEST(s.get("/v1/batches/" + id)["request_counts"]["failed"] == 0);
    s.stop();
    s.config.providers.front().base_url = sim.url();
    s.start();
    BOOST_TEST(completed(s.wait_status(id, "completed")) == 40U);
  }
}

BOOST_AUTO_TEST_CASE(an_outage_costs_the_only_line_of_a_batch_nothing_but_time) {
  for (const std::string fault : {"rate_503", "rate_500"}) {
    sim_process sim;
    sim.control({{fault, 1}});
    running_service s{sim, 4};
    const auto id = create(s, s.upload(lines_named("x", 1)), json{{"max_attempts", 3}});
    BOOST_TEST(eventually([&] { return state_of_provider(s) == "open"; }));
    BOOST_TEST(sim.stat("requests") == 3U);
    s.stop(); // what it failed with is not known any more, how often is
    s.start();
    BOOST_TEST(eventually([&] { return sim.stat("requests") >= 5U; }));
    BOOST_TEST(s.get("/v1/batches/" + id)["request_counts"]["failed"] == 0);
    sim.control({{fault, 0}});
    s.post("/v1/providers/default/reset", json::object());
    BOOST_TEST(completed(s.wait_status(id, "completed")) == 1U);
  }
}

BOOST_AUTO_TEST_CASE(a_line_that_fails_while_others_wait_for_slow_answers_ends_and_closes_nobody) {
  sim_process sim{{"--hold", "slow", "--fail-model", "broken"}};
  running_service s{sim, 16};
  const auto good = create(s, s.upload(lines_named("slow", 4)), json::object());
  // Out for longer than a second, which a line may fail in by chance.
  BOOST_REQUIRE(eventually([&] {
    const auto workers = s.get("/v1/workers")["data"];
    return workers.size() == 4U && std::ranges::all_of(workers, [](const json& w) {
             return w["state"] == "calling" && w["age_ms"] > 1'500;
           });
  }));
  const auto bad =
    create(s, s.upload("{\"id\":\"b\",\"model\":\"broken\",\"prompt\":\"b\"}\n"), json::object());
  BOOST_TEST(
    (failures(s, s.wait_status(bad, "completed")) == std::map<std::string, int>{{"500", 1}}));
  BOOST_TEST(state_of_provider(s) == "closed");
  sim.control({{"hold", ""}});
  BOOST_TEST(completed(s.wait_status(good, "completed")) == 4U);
}

BOOST_AUTO_TEST_CASE(a_line_without_a_breaker_of_its_model_ends_where_each_model_has_one) {
  sim_process sim{{"--rate-500", "1"}};
  running_service s{sim, 4};
  reconfigure(s, [](actors::provider_config& p) { p.breaker_per_model = true; });
  const auto id =
    create(s, s.upload("{\"id\":\"b\",\"prompt\":\"b\"}\n"), json{{"max_attempts", 3}});
  const auto over = s.wait(id, [](const json& b) { return b["completed_at"].is_number(); });
  BOOST_TEST((failures(s, over) == std::map<std::string, int>{{"500", 1}}));
  BOOST_TEST(sim.stat("requests") == 3U);
}

BOOST_AUTO_TEST_CASE(an_outage_of_many_trials_uses_no_attempt_of_few_lines) {
  sim_process sim{{"--rate-503", "1"}};
  running_service s{sim, 4};
  reconfigure(s, [](actors::provider_config& p) {
    p.breaker_open = std::chrono::milliseconds{1};
  }); // and 30 at most
  const auto id = create(s, s.upload(lines_named("x", 3)), json{{"max_attempts", 3}});
  BOOST_TEST(eventually([&] { return sim.stat("requests") >= 40; }));
  BOOST_TEST(s.get("/v1/batches/" + id)["request_counts"]["failed"] == 0);
  sim.control({{"rate_503", 0}});
  BOOST_TEST(completed(s.wait_status(id, "completed")) == 3U);
}

BOOST_AUTO_TEST_CASE(lines_that_wait_for_their_first_call_have_their_whole_deadline_yet) {
  sim_process sim{{"--latency", "400ms"}};
  running_service s{sim, 1};
  const auto id = create(s, s.upload(lines_named("x", 12)), json{{"line_deadline", "2s"}});
  BOOST_TEST(completed(s.wait_status(id, "completed")) == 12U);
}

BOOST_AUTO_TEST_CASE(lines_that_fail_always_end_though_only_they_are_left_for_an_open_breaker) {
  sim_process sim{{"--fail-model", "m"}};
  running_service s{sim, 8};
  reconfigure(s, [](actors::provider_config& p) {
    p.breaker_open = std::chrono::milliseconds{1};
  }); // and 30 at most
  // Fewer than the 20 equal rejections that pause a batch.
  const auto id = create(s, s.upload(lines_named("x", 18)), json{{"max_attempts", 3}});
  const auto over = s.wait_status(id, "completed");
  BOOST_TEST((failures(s, over) == std::map<std::string, int>{{"500", 18}}));
  BOOST_TEST(state_of_provider(s) != "closed");
  // Those that went out before it opened (20 failures, and what was in flight) had no free trial.
  BOOST_TEST(sim.stat("requests") >= 80U);
  BOOST_TEST(sim.stat("requests") <= 18 * (3 + 1 + actors::free_trials));
}

BOOST_AUTO_TEST_SUITE_END()
