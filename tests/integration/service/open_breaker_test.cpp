// How many calls are sent into an outage that a breaker has seen.
#include "batches.hpp"
#include "tests/support/eventually.hpp"

#include <fmt/format.h>

#include <algorithm>

using namespace perennial;
using namespace perennial::test;

BOOST_AUTO_TEST_SUITE(open_breakers)

BOOST_AUTO_TEST_CASE(hardly_a_call_is_sent_into_an_outage_once_the_breaker_is_open) {
  for (const bool per_model : {false, true}) {
    sim_process sim{{"--latency", "5ms"}};
    running_service s{sim, 64};
    s.stop();
    auto& provider = s.config.providers.front();
    provider.breaker_per_model = per_model;
    provider.breaker_open = std::chrono::minutes{10};
    s.start();
    std::string file;
    for (int i = 0; i < 60'000; ++i) {
      file += fmt::format("{{\"id\":\"{0}\",\"model\":\"{1}\",\"prompt\":\"{0}\"}}\n", i,
                          i % 2 > 0 ? "odd" : "even");
    }
    const auto id = create(s, s.upload(file), json::object());
    s.wait(id, [](const json& b) { return completed(b) > 1'000; });
    sim.control(per_model ? json{{"fail_model", "odd"}} : json{{"rate_503", 1}});
    const auto breaker = [&] {
      auto all = s.get("/v1/providers/default");
      if (!per_model) return all;
      const auto& models = all.at("models");
      return *std::ranges::find(models, "odd", [](const json& m) { return m.at("model"); });
    };
    BOOST_REQUIRE(eventually([&] { return breaker().at("state") == "open"; }));
    s.post("/v1/batches/" + id + "/cancel", json::object());
    s.wait_status(id, "cancelled"); // all that was out is told
    const uint64_t sent = breaker().at("sent_since_opened");
    // What workers had taken, and did not send before it opened.
    BOOST_TEST(sent <= 16U);
  }
}

BOOST_AUTO_TEST_SUITE_END()
