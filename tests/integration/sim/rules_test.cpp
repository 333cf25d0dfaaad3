#include "tests/integration/sim/client.hpp"

#include <boost/test/unit_test.hpp>

#include <future>

using namespace perennial::test;

BOOST_AUTO_TEST_SUITE(rules)

BOOST_AUTO_TEST_CASE(the_key_must_be_right_and_can_be_mended) {
  sim_process sim({"--api-key", "sk-right"});
  sim_client client(sim);
  const auto without = client.chat("hi");
  BOOST_TEST(without->status == 401);
  BOOST_TEST(error_of(without).at("code") == "invalid_api_key");
  client.headers = {{"Authorization", "Bearer sk-right"}};
  BOOST_TEST(client.chat("hi")->status == 200);
  sim.control({{"api_key", "sk-other"}});
  BOOST_TEST(client.chat("hi")->status == 401);
  sim.control({{"api_key", ""}});
  BOOST_TEST(client.chat("hi")->status == 200);
}

BOOST_AUTO_TEST_CASE(models_that_do_not_exist_are_not_found) {
  sim_process sim({"--wrong-model", "bad"});
  sim_client client(sim);
  const auto wrong = client.chat("hi", "bad");
  BOOST_TEST(wrong->status == 404);
  BOOST_TEST(error_of(wrong).at("code") == "model_not_found");
  BOOST_TEST(client.chat("hi", "anything")->status == 200);
  sim.control({{"unknown_models", true}, {"models", {"only"}}, {"wrong_model", ""}});
  BOOST_TEST(client.chat("hi", "anything")->status == 404);
  BOOST_TEST(client.chat("hi", "only")->status == 200);
}

BOOST_AUTO_TEST_CASE(forbidden_text_is_refused_wherever_it_stands) {
  sim_process sim({"--forbid", "SECRET"});
  sim_client client(sim);
  BOOST_TEST(client.chat("a SECRET thing")->status == 403);
  BOOST_TEST(client.chat("a public thing")->status == 200);
  BOOST_TEST(sim.stats()["refused"]["forbidden"] == 1);
}

BOOST_AUTO_TEST_CASE(held_prompts_wait_until_they_are_released) {
  sim_process sim({"--hold", "wait"});
  auto held = std::async(std::launch::async, [&] { return sim_client(sim).chat("wait for me"); });
  while (sim.stat("in_flight") == 0) {
  } // until it has arrived
  BOOST_TEST(sim_client(sim).chat("in the meantime")->status == 200);
  sim.control({{"hold", "something else"}}); // no longer this one
  const auto reply = held.get();
  BOOST_REQUIRE(reply);
  BOOST_TEST(content_of(reply) == "echo: wait for me");
  BOOST_TEST(sim.stat("requests") == 2u);
  BOOST_TEST(sim.stat("in_flight") == 0u);
}

BOOST_AUTO_TEST_CASE(requests_beyond_the_limit_in_flight_are_turned_away) {
  sim_process sim({"--limit-in-flight", "1", "--hold", "wait"});
  auto held = std::async(std::launch::async, [&] { return sim_client(sim).chat("wait"); });
  while (sim.stat("in_flight") == 0) {
  }
  BOOST_TEST(sim_client(sim).chat("another")->status == 429);
  sim.control({{"hold", ""}});
  BOOST_TEST(held.get()->status == 200);
  BOOST_TEST(sim_client(sim).chat("another")->status == 200);
}

BOOST_AUTO_TEST_CASE(requests_beyond_the_rate_are_told_when_to_come_back) {
  sim_process sim({"--rpm", "1"});
  sim_client client(sim);
  BOOST_TEST(client.chat("first")->status == 200);
  const auto second = client.chat("second");
  BOOST_TEST(second->status == 429);
  BOOST_TEST(std::stoi(second->get_header_value("Retry-After")) > 30);
}

BOOST_AUTO_TEST_CASE(control_refuses_what_it_does_not_know_and_works_on_the_main_port) {
  sim_process sim;
  BOOST_CHECK_THROW(sim.control({{"rate_lightning", 1}}), std::runtime_error);
  sim_client client(sim);
  BOOST_TEST(client.post("/control", R"({"rate_503":1})")->status == 200);
  BOOST_TEST(client.chat("hi")->status == 503);
  sim.reset_stats();
  BOOST_TEST(sim.stat("requests") == 0u);
}

BOOST_AUTO_TEST_SUITE_END()
