#include "actors/protect/restart_policy.hpp"

#include <boost/test/unit_test.hpp>

using namespace perennial;
using namespace perennial::actors;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(restart_policy_decision)

namespace {

struct fixture {
  restart_policy tested;
  steady_time now{1h};
};

} // namespace

BOOST_FIXTURE_TEST_CASE(each_death_in_the_window_doubles_the_wait_up_to_ten_seconds, fixture) {
  for (auto wait : {100ms, 200ms, 400ms, 800ms, 1600ms, 3200ms, 6400ms, 10000ms, 10000ms}) {
    auto decided = tested.on_death(now, 0.5);
    BOOST_TEST(!decided.park);
    BOOST_TEST((decided.delay == wait));
    now += 1s;
  }
}

BOOST_FIXTURE_TEST_CASE(the_wait_is_spread_by_half_either_way, fixture) {
  BOOST_TEST((tested.on_death(now, 0.0).delay == 50ms));
  tested.reset();
  BOOST_TEST((tested.on_death(now, 0.75).delay == 125ms));
}

BOOST_FIXTURE_TEST_CASE(one_death_a_minute_is_always_replaced_soon, fixture) {
  for (int i = 0; i < 1'000; ++i, now += 61s)
    BOOST_TEST((tested.on_death(now, 0.5) == restart_decision{.park = false, .delay = 100ms}));
}

BOOST_FIXTURE_TEST_CASE(more_deaths_than_allowed_in_the_window_park_until_it_is_calm, fixture) {
  for (int i = 0; i < 10; ++i) BOOST_TEST(!tested.on_death(now, 0.5).park);
  for (int i = 0; i < 10'000; ++i) BOOST_TEST(tested.on_death(now, 0.5).park);
  BOOST_TEST(tested.deaths(now) == 10u);
  now += 61s;
  BOOST_TEST(tested.deaths(now) == 0u);
  BOOST_TEST(!tested.on_death(now, 0.5).park);
}

BOOST_FIXTURE_TEST_CASE(a_reset_forgets_the_deaths, fixture) {
  for (int i = 0; i < 20; ++i) tested.on_death(now, 0.5);
  tested.reset();
  BOOST_TEST((tested.on_death(now, 0.5) == restart_decision{.park = false, .delay = 100ms}));
}

BOOST_AUTO_TEST_SUITE_END()
