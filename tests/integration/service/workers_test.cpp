// Workers by hand: listed, restarted, scaled, in the middle of a batch.
#include "running_service.hpp"
#include "tests/support/eventually.hpp"

#include <set>
#include <sstream>

using namespace perennial;
using namespace perennial::test;
using nlohmann::json;

namespace {

constexpr uint32_t workers = 500;
constexpr uint64_t lines = 6'000;

/// Every line has exactly one good result.
void must_be_whole(running_service& s, const json& done, uint64_t expected) {
  BOOST_TEST(done["request_counts"]["completed"] == expected);
  std::set<std::string> ids;
  std::istringstream in{s.content(done["output_file_id"])};
  for (std::string line; std::getline(in, line);) {
    BOOST_TEST(ids.insert(json::parse(line)["custom_id"]).second);
  }
  BOOST_TEST(ids.size() == expected);
}

size_t count(const json& list, const std::string& state) {
  const auto& all = list["data"];
  return static_cast<size_t>(
    std::count_if(all.begin(), all.end(), [&](const json& w) { return w["state"] == state; }));
}

/// All 500 are in a call that goes on until it is let go, and more lines wait.
struct busy_service {
  busy_service() {
    batch = s.create(s.upload(job_lines(lines)))["id"];
    BOOST_REQUIRE(eventually([&] { return sim.stat("in_flight") == workers; }));
  }
  void let_go() { sim.control({{"hold", ""}}); }

  sim_process sim{{"--hold", "prompt-"}};
  running_service s{sim, workers};
  std::string batch;
};

} // namespace

BOOST_AUTO_TEST_SUITE(workers_by_hand)

BOOST_FIXTURE_TEST_CASE(restarting_all_500_during_a_batch_loses_no_line_and_repeats_no_call,
                        busy_service) {
  const auto restarted = s.post("/v1/workers/restart", json::object())["restarted"];
  BOOST_TEST(restarted == workers);
  BOOST_TEST(sim.stat("in_flight") == workers);
  let_go();
  const auto done = s.wait_status(batch, "completed");
  must_be_whole(s, done, lines);
  BOOST_TEST(sim.stat("requests") == lines);
  uint64_t restarts = 0;
  const auto all = s.get("/v1/workers");
  for (const auto& w : all["data"]) restarts += w["restarts"].get<uint64_t>();
  BOOST_TEST(restarts == restarted);
}

BOOST_FIXTURE_TEST_CASE(restarting_them_at_once_repeats_their_calls_and_loses_no_line,
                        busy_service) {
  s.post("/v1/workers/restart", {{"now", true}, {"provider", "default"}});
  BOOST_TEST(eventually([&] { return sim.stat("requests") == 2 * workers; })); // made again
  let_go();
  const auto done = s.wait_status(batch, "completed");
  must_be_whole(s, done, lines);
  BOOST_TEST(sim.stat("requests") == lines + workers);
}

BOOST_AUTO_TEST_CASE(the_list_says_who_works_on_what) {
  sim_process sim{{"--hold", prompt_text(2)}};
  running_service s{sim, 1};
  BOOST_TEST(s.get("/v1/workers")["data"].empty());
  const std::string batch = s.create(s.upload(job_lines(5)))["id"];
  s.wait(batch, [&](const json& b) { return b["request_counts"]["completed"] == 2; });
  json busy;
  do {
    busy = s.get("/v1/workers")["data"];
  } while (busy.empty() || busy[0]["line"] != 3);
  BOOST_TEST(busy.size() == 1U);
  BOOST_TEST(busy[0]["provider"] == "default");
  BOOST_TEST(busy[0]["state"] == "calling");
  BOOST_TEST(busy[0]["batch"] == batch);
  BOOST_TEST(busy[0]["calls"] == 2);
  s.post("/v1/workers/restart", {{"now", false}});
  BOOST_TEST(s.get("/v1/workers")["data"][0]["state"] == "retiring");
  BOOST_TEST(sim.stat("in_flight") == 1U); // its call goes on
  sim.control({{"hold", ""}});
  must_be_whole(s, s.wait_status(batch, "completed"), 5);
  BOOST_TEST(sim.stat("requests") == 5U);
}

BOOST_AUTO_TEST_CASE(scaling_down_and_up_is_followed_while_a_batch_runs) {
  sim_process sim{{"--latency", "5ms"}};
  running_service s{sim, 64};
  const std::string batch = s.create(s.upload(job_lines(lines)))["id"];
  s.wait(batch, [&](const json& b) { return b["request_counts"]["completed"] > 500; });
  s.post("/v1/workers/scale", {{"provider", "default"}, {"workers", 4}});
  // The calls that were out come back, and no more than four go out.
  while (count(s.get("/v1/workers"), "calling") > 4) std::this_thread::yield();
  sim.reset_stats();
  s.wait(batch, [&](const json&) { return sim.stat("requests") > 100; });
  BOOST_TEST(sim.stat("max_in_flight") <= 4U);
  BOOST_TEST(s.get("/v1/workers")["data"].size() <= 4U + 16U); // those too many have ended
  s.post("/v1/workers/scale", {{"provider", "default"}, {"workers", 100}});
  while (sim.stat("max_in_flight") < 65) std::this_thread::yield();
  must_be_whole(s, s.wait_status(batch, "completed"), lines);
}

BOOST_AUTO_TEST_CASE(what_makes_no_sense_is_refused_with_a_sentence) {
  sim_process sim;
  running_service s{sim};
  const auto says = [](const json& e, const std::string& part) {
    return e["error"]["message"].get<std::string>().find(part) != std::string::npos;
  };
  BOOST_TEST(says(s.post("/v1/workers/restart", {{"provider", "defualt"}}, 404), "default"));
  BOOST_TEST(says(s.post("/v1/workers/restart", {{"now", "yes"}}, 400), "now"));
  BOOST_TEST(says(s.post("/v1/workers/scale", {{"workers", 4}}, 400), "provider"));
  const json none{{"provider", "default"}, {"workers", 0}};
  BOOST_TEST(says(s.post("/v1/workers/scale", none, 400), "from 1"));
  BOOST_TEST(says(s.post("/v1/workers/scale", {{"provider", "default"}}, 400), "auto"));
}

BOOST_AUTO_TEST_SUITE_END()
