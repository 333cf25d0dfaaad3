#include "actors/service/reload_plan.hpp"

#include <boost/test/unit_test.hpp>

using namespace perennial::actors;

BOOST_AUTO_TEST_SUITE(reloading)

namespace {

service_config two_providers() {
  service_config c;
  c.data_dir = "/d";
  for (const auto* name : {"a", "b"}) {
    provider_config p;
    p.name = name;
    p.base_url = "http://h/v1";
    c.providers.push_back(p);
  }
  return c;
}

} // namespace

BOOST_AUTO_TEST_CASE(limits_are_taken_over_and_nothing_needs_a_restart) {
  auto fresh = two_providers();
  fresh.providers[1].max_in_flight = 7;
  fresh.providers[1].requests_per_minute = 8;
  fresh.providers[1].tokens_per_minute = 9;
  const auto plan = plan_reload(two_providers(), fresh);
  BOOST_TEST(plan.need_restart.empty());
  BOOST_REQUIRE(plan.limits.size() == 2u);
  BOOST_TEST((plan.limits[0] == provider_limits{0, 0, 0}));
  BOOST_TEST((plan.limits[1] == provider_limits{7, 8, 9}));
}

BOOST_AUTO_TEST_CASE(taking_limits_takes_nothing_else) {
  auto running = two_providers();
  auto fresh = two_providers();
  fresh.providers[0].base_url = "http://other/v1";
  fresh.providers[1].name = "c";
  for (auto& p : fresh.providers) p.tokens_per_minute = 9;
  take_limits(running, fresh);
  BOOST_TEST(running.providers[0].base_url == "http://h/v1");
  BOOST_TEST(running.providers[0].tokens_per_minute == 9U);
  BOOST_TEST(running.providers[1].tokens_per_minute == 0U);
}

BOOST_AUTO_TEST_CASE(what_else_changed_is_named) {
  auto fresh = two_providers();
  fresh.providers[0].base_url = "http://other/v1";
  fresh.providers[1].key_files = {"k"};
  fresh.max_attempts = 9;
  const auto plan = plan_reload(two_providers(), fresh);
  BOOST_REQUIRE(plan.need_restart.size() == 3u);
  BOOST_TEST(plan.need_restart[0] == "something outside of the providers");
  BOOST_TEST(plan.need_restart[1] == "something of provider \"a\" beside its limits");
}

BOOST_AUTO_TEST_CASE(a_provider_that_is_gone_keeps_its_limits) {
  auto fresh = two_providers();
  fresh.providers.erase(fresh.providers.begin());
  const auto plan = plan_reload(two_providers(), fresh);
  BOOST_REQUIRE(plan.limits.size() == 2u);
  BOOST_TEST(!plan.limits[0]);
  BOOST_TEST(plan.limits[1].has_value());
  BOOST_TEST(plan.need_restart.size() == 1u);
}

BOOST_AUTO_TEST_SUITE_END()
