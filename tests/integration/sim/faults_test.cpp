#include "tests/integration/sim/client.hpp"

#include <boost/test/unit_test.hpp>

#include <map>

using namespace perennial::test;
using httplib::Error;
using nlohmann::json;

namespace {

/// How many of the sim's faults of this kind happened.
uint64_t faults(const sim_process& sim, const std::string& kind) {
  return sim.stats().at("faults").at(kind).get<uint64_t>();
}

} // namespace

BOOST_AUTO_TEST_SUITE(sim_faults)

BOOST_AUTO_TEST_CASE(statuses_come_as_told_with_openais_error_body) {
  sim_process sim({"--retry-after", "7"});
  sim_client client(sim);
  const std::map<std::string, int> kinds = {
    {"429", 429}, {"429_after", 429}, {"500", 500}, {"503", 503}};
  for (const auto& [kind, status] : kinds) {
    sim.control({{"rate_" + kind, 1}});
    const auto reply = client.chat("hi");
    BOOST_REQUIRE(reply);
    BOOST_TEST(reply->status == status);
    BOOST_TEST(reply->get_header_value("Retry-After") == (kind == "429_after" ? "7" : ""));
    BOOST_TEST(error_of(reply).contains("code"));
    BOOST_TEST(faults(sim, kind) == 1u);
    sim.control({{"rate_" + kind, 0}});
  }
  BOOST_TEST(sim.stat("answered_ok") == 0u);
  BOOST_TEST(client.chat("hi")->status == 200);
}

BOOST_AUTO_TEST_CASE(a_reset_before_is_not_answered_and_a_reset_after_is) {
  sim_process sim({"--rate-reset-before", "1"});
  BOOST_TEST(!sim_client(sim).chat("hi"));
  BOOST_TEST(sim.stat("answered_ok") == 0u);
  sim.control({{"rate_reset_before", 0}, {"rate_reset_after", 1}});
  BOOST_TEST(!sim_client(sim).chat("hi"));
  BOOST_TEST(sim.stat("answered_ok") == 1u);
  sim.control({{"rate_reset_after", 0}});
  BOOST_TEST(sim_client(sim).chat("hi")->status == 200);
  BOOST_TEST(sim.stat("answered_more_than_once") == 1u);
  BOOST_TEST(sim.stat("distinct_prompts_answered") == 1u);
  BOOST_TEST(sim.stat("in_flight") == 0u);
}

BOOST_AUTO_TEST_CASE(garbage_and_truncated_replies_fail_in_the_client) {
  sim_process sim({"--rate-garbage", "1"});
  BOOST_TEST(!sim_client(sim).chat("hi"));
  sim.control({{"rate_garbage", 0}, {"rate_truncated", 1}});
  BOOST_TEST((sim_client(sim).chat("hi").error() == Error::Read));
  BOOST_TEST(sim.stat("answered_ok") == 0u);
}

BOOST_AUTO_TEST_CASE(a_hanging_request_stays_in_flight_until_its_client_goes) {
  sim_process sim({"--rate-hang", "1"});
  sim_client client(sim);
  client.http.set_read_timeout(0, 50'000);
  BOOST_TEST((client.chat("hi").error() == Error::Read));
  BOOST_TEST(sim.stat("max_in_flight") == 1u);
  client.http.stop();
  while (sim.stat("in_flight") != 0) {
  } // until the sim sees the end of the connection
  BOOST_TEST(sim.stat("answered_ok") == 0u);
}

BOOST_AUTO_TEST_CASE(a_drip_is_whole_in_the_end) {
  sim_process sim({"--rate-drip", "1", "--drip-interval", "100us"});
  const auto reply = sim_client(sim).chat("slowly");
  BOOST_REQUIRE(reply);
  BOOST_TEST(content_of(reply) == "echo: slowly");
  BOOST_TEST(sim.stat("answered_ok") == 1u);
}

BOOST_AUTO_TEST_CASE(two_runs_with_one_seed_fail_alike_and_retries_get_through) {
  const auto run = [] {
    sim_process sim({"--seed", "11", "--rate-500", "0.3"});
    sim_client client(sim);
    std::string statuses;
    for (int i = 0; i < 200; ++i) {
      int tries = 1;
      while (client.chat("prompt " + std::to_string(i))->status != 200) ++tries;
      statuses += std::to_string(tries) + " ";
    }
    BOOST_TEST(sim.stat("distinct_prompts_answered") == 200u);
    BOOST_TEST(sim.stat("answered_more_than_once") == 0u);
    BOOST_TEST(faults(sim, "500") > 40u);
    return statuses;
  };
  BOOST_TEST(run() == run());
}

BOOST_AUTO_TEST_SUITE_END()
