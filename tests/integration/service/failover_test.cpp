// Two providers for one model: lines go to the next one where the first takes none, if that is
// allowed, and the result says who answered and what the other said.
#include "batches.hpp"
#include "tests/support/eventually.hpp"

#include <map>
#include <set>
#include <sstream>

using namespace perennial;
using namespace perennial::test;
using namespace std::chrono_literals;
using nlohmann::json;

namespace {

constexpr uint64_t lines = 400;

struct two_providers {
  two_providers() {
    s.stop();
    auto& first = s.config.providers.front();
    first.name = "a";
    first.breaker_open = 60s;
    auto second = first;
    second.name = "b";
    second.base_url = b.url();
    s.config.providers.push_back(second);
    actors::model_route m;
    m.pattern = "m";
    m.targets = {{"a", "", 0, 1}, {"b", "b-model", 1, 1}};
    m.failover = true;
    m.failover_after = 100ms;
    s.config.models = {m};
  }

  /// The results by custom_id; each must be there once.
  std::map<std::string, json> results(const json& done) {
    std::map<std::string, json> out;
    std::istringstream in{s.content(done["output_file_id"])};
    for (std::string line; std::getline(in, line);) {
      auto j = json::parse(line);
      BOOST_TEST(out.emplace(j["custom_id"], j).second);
    }
    return out;
  }

  /// Of a provider's breaker. One that is down is half-open for as long as nobody has lines.
  void wait_for_state(const std::string& provider, const std::string& state) {
    BOOST_REQUIRE(
      eventually([&] { return s.get("/v1/providers/" + provider).at("state") == state; }));
  }

  void wait_until_both_are_down() {
    for (const auto* name : {"a", "b"}) {
      BOOST_REQUIRE(eventually(
        [&] { return s.get(std::string{"/v1/providers/"} + name).at("state") != "closed"; }));
    }
  }

  /// Runs so many lines to their end.
  std::map<std::string, int> run(uint64_t count) {
    const auto done = s.wait_status(s.create(s.upload(job_lines(count)))["id"], "completed");
    BOOST_TEST(done["request_counts"]["completed"] == count);
    return by_provider(results(done));
  }

  std::map<std::string, int> by_provider(const std::map<std::string, json>& all) {
    std::map<std::string, int> out;
    for (const auto& [id, j] : all) ++out[j["perennial"]["provider"]];
    return out;
  }

  sim_process a{{"--latency", "5ms"}};
  sim_process b{{"--latency", "5ms"}};
  running_service s{a, 8};
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(failover, two_providers)

BOOST_AUTO_TEST_CASE(without_trouble_the_first_order_gets_all_and_is_named) {
  s.start();
  const auto done = s.wait_status(s.create(s.upload(job_lines(lines)))["id"], "completed");
  const auto all = results(done);
  BOOST_TEST((by_provider(all) == std::map<std::string, int>{{"a", static_cast<int>(lines)}}));
  BOOST_TEST(b.stat("requests") == 0U);
}

BOOST_AUTO_TEST_CASE(in_an_outage_of_the_first_the_second_answers_and_the_result_says_why) {
  a.control({{"outage", true}});
  s.start();
  const auto done = s.wait_status(s.create(s.upload(job_lines(lines)))["id"], "completed");
  BOOST_TEST(done["request_counts"]["completed"] == lines);
  const auto all = results(done);
  BOOST_TEST((by_provider(all) == std::map<std::string, int>{{"b", static_cast<int>(lines)}}));
  size_t said = 0;
  for (const auto& [id, j] : all) {
    const auto& ours = j["perennial"];
    BOOST_TEST(ours["model_replaced"]["to"] == "b-model");
    if (!ours.contains("others")) continue; // it never was with the first
    ++said;
    BOOST_TEST(ours["others"][0]["provider"] == "a");
    BOOST_TEST(!ours["others"][0]["message"].get<std::string>().empty());
    BOOST_TEST(!ours["others"][0]["code"].get<std::string>().empty());
  }
  BOOST_TEST(said > 0U);
}

BOOST_AUTO_TEST_CASE(what_the_first_has_said_is_told_after_a_restart_too) {
  a.control({{"rate_503", 1.0}});
  b.control({{"hold", "prompt"}});
  s.start();
  const std::string batch = s.create(s.upload(job_lines(40)))["id"];
  BOOST_REQUIRE(eventually([&] { return b.stat("in_flight") == 8; }));
  s.stop();
  // From here on nobody asks the first one again.
  auto& targets = s.config.models.front().targets;
  targets = {{"b", "b-model", 0, 1}, {"a", "", 1, 1}};
  b.control({{"hold", ""}});
  const auto asked = a.stat("requests");
  s.start();
  const auto all = results(s.wait_status(batch, "completed"));
  BOOST_TEST(a.stat("requests") == asked);
  BOOST_TEST(std::ranges::count_if(all, [](const auto& r) {
               const auto others = r.second["perennial"].value("others", json::array());
               return !others.empty() && others[0]["provider"] == "a" &&
                      others[0]["code"] == "server_error";
             }) >= 10); // 20 failed calls opened the breaker; some may be of one line
}

BOOST_AUTO_TEST_CASE(a_refused_key_moves_the_lines_too_and_costs_no_attempt) {
  a.control({{"api_key", "another"}});
  s.start();
  const auto done = s.wait_status(s.create(s.upload(job_lines(lines)))["id"], "completed");
  const auto all = results(done);
  BOOST_TEST((by_provider(all) == std::map<std::string, int>{{"b", static_cast<int>(lines)}}));
  for (const auto& [id, j] : all) BOOST_TEST(!j["perennial"].contains("attempts"));
}

BOOST_AUTO_TEST_CASE(the_first_gets_lines_again_when_it_is_back) {
  a.control({{"outage", true}});
  s.start();
  const std::string batch = s.create(s.upload(job_lines(20'000)))["id"];
  s.wait(batch, [&](const json&) { return b.stat("requests") > 200; });
  a.control({{"outage", false}});
  s.wait(batch, [&](const json&) { return a.stat("answered_ok") > 100; });
  const auto at = b.stat("requests");
  s.wait(batch, [&](const json&) { return a.stat("answered_ok") > 5'000; });
  BOOST_TEST(b.stat("requests") <= at + 256U); // what it had already
  s.post("/v1/batches/" + batch + "/cancel", json::object());
}

BOOST_AUTO_TEST_CASE(where_it_is_not_allowed_lines_wait_for_their_provider) {
  s.config.models.front().failover = false;
  s.config.providers.front().breaker_open = 200ms;
  a.control({{"outage", true}});
  s.start();
  const std::string batch = s.create(s.upload(job_lines(50)))["id"];
  wait_for_state("a", "open");
  BOOST_TEST(b.stat("requests") == 0U);
  a.control({{"outage", false}});
  const auto done = s.wait_status(batch, "completed");
  BOOST_TEST((by_provider(results(done)) == std::map<std::string, int>{{"a", 50}}));
}

BOOST_AUTO_TEST_CASE(those_of_one_order_share_by_weight) {
  auto& targets = s.config.models.front().targets;
  targets = {{"a", "", 0, 1}, {"b", "", 0, 3}};
  s.start();
  const auto done = s.wait_status(s.create(s.upload(job_lines(lines)))["id"], "completed");
  BOOST_TEST((by_provider(results(done)) == std::map<std::string, int>{{"a", 100}, {"b", 300}}));
}

BOOST_AUTO_TEST_CASE(one_that_comes_back_while_nobody_works_gets_lines_of_the_next_batch) {
  s.config.providers.front().breaker_open = 100ms;
  a.control({{"outage", true}});
  s.start();
  BOOST_TEST((run(50) == std::map<std::string, int>{{"b", 50}}));
  BOOST_TEST(s.get("/v1/providers/a").at("state") != "closed");
  a.control({{"outage", false}});
  wait_for_state("a", "half-open"); // and stays so, with nothing to try it with
  BOOST_TEST(run(lines)["a"] > 0);
  BOOST_REQUIRE(eventually([&] { return run(50)["a"] == 50; }));
  BOOST_TEST(s.get("/v1/providers/a").at("state") == "closed");
}

BOOST_AUTO_TEST_CASE(where_both_are_down_the_first_that_comes_back_does_all) {
  for (auto& p : s.config.providers) p.breaker_open = 100ms;
  a.control({{"outage", true}});
  b.control({{"outage", true}});
  s.start();
  const std::string batch = s.create(s.upload(job_lines(10)))["id"];
  wait_until_both_are_down();
  b.control({{"outage", false}});
  const auto done = s.wait_status(batch, "completed");
  BOOST_TEST((by_provider(results(done)) == std::map<std::string, int>{{"b", 10}}));
}

BOOST_AUTO_TEST_CASE(a_line_that_goes_to_both_by_turns_survives_an_outage_of_both) {
  s.config.models.front().targets = {{"a", "", 0, 1}, {"b", "", 0, 1}};
  for (auto& p : s.config.providers) p.breaker_open = 100ms;
  a.control({{"rate_503", 1.0}});
  b.control({{"rate_503", 1.0}});
  s.start();
  const auto batch = create(s, s.upload(job_lines(1)), json{{"max_attempts", 3}});
  wait_until_both_are_down();
  a.control({{"rate_503", 0.0}});
  b.control({{"rate_503", 0.0}});
  BOOST_TEST(completed(s.wait_status(batch, "completed")) == 1U);
}

BOOST_AUTO_TEST_CASE(lines_that_the_first_has_failed_survive_an_outage_of_the_second_too) {
  for (auto& p : s.config.providers) p.breaker_open = 100ms;
  a.control({{"rate_503", 1.0}});
  b.control({{"rate_503", 1.0}});
  s.start();
  // Too few for a breaker to open on its own; and the second has one attempt of each, at most.
  const auto batch = create(s, s.upload(job_lines(3)), json{{"max_attempts", 3}});
  wait_until_both_are_down();
  b.control({{"rate_503", 0.0}});
  const auto done = s.wait_status(batch, "completed");
  BOOST_TEST((by_provider(results(done)) == std::map<std::string, int>{{"b", 3}}));
}

BOOST_AUTO_TEST_CASE(a_key_that_was_mended_is_found_out_by_itself) {
  a.control({{"api_key", "another"}});
  s.start();
  BOOST_TEST((run(50) == std::map<std::string, int>{{"b", 50}}));
  a.control({{"api_key", ""}});
  BOOST_REQUIRE(eventually([&] { return run(50)["a"] > 0; }));
}

BOOST_AUTO_TEST_CASE(a_model_that_was_mended_is_found_out_by_itself) {
  auto& first = s.config.providers.front();
  first.breaker_per_model = true;
  first.breaker_open = 100ms;
  a.control({{"fail_model", "m"}});
  s.start();
  BOOST_TEST((run(lines)["b"] > 0));
  a.control({{"fail_model", ""}});
  BOOST_REQUIRE(eventually([&] { return run(50)["a"] == 50; }));
}

BOOST_AUTO_TEST_CASE(a_long_pause_moves_the_lines_that_met_it_too) {
  a.control({{"rate_429_after", 1.0}, {"retry_after", 600}});
  s.start();
  BOOST_TEST((run(lines) == std::map<std::string, int>{{"b", static_cast<int>(lines)}}));
  BOOST_TEST(a.stat("requests") <= 8U);
}

BOOST_AUTO_TEST_CASE(a_rate_that_is_used_up_for_long_moves_the_lines_too_and_they_say_why) {
  s.config.providers.front().tokens_per_minute = 1; // one call, and none in the next minutes
  s.start();
  auto all = results(s.wait_status(s.create(s.upload(job_lines(lines)))["id"], "completed"));
  auto done_by = by_provider(all);
  BOOST_TEST(done_by["a"] >= 1);
  BOOST_TEST(done_by["a"] <= 8);
  BOOST_TEST(done_by["b"] == static_cast<int>(lines) - done_by["a"]);
  BOOST_TEST(std::ranges::any_of(all, [](const auto& r) {
    const auto others = r.second["perennial"].value("others", json::array());
    return !others.empty() && others[0].dump().find("used up") != std::string::npos;
  }));
}

BOOST_AUTO_TEST_CASE(one_key_refused_and_the_other_paused_is_no_provider_to_wait_for) {
  const test::temp_dir keys;
  write_file(keys / "wrong", "sk-wrong");
  write_file(keys / "busy", "sk-busy");
  auto& first = s.config.providers.front();
  first.key_files = {(keys / "wrong").string(), (keys / "busy").string()};
  a.control({{"api_key", "sk-busy"}, {"throttle_key", "sk-busy"}, {"retry_after", 600}});
  s.start();
  BOOST_TEST((run(lines) == std::map<std::string, int>{{"b", static_cast<int>(lines)}}));
}

BOOST_AUTO_TEST_SUITE_END()
