#include "actors/protect/learned_limits.hpp"

#include <boost/test/unit_test.hpp>

using namespace perennial;
using namespace perennial::actors;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(limits_that_providers_tell)

BOOST_AUTO_TEST_CASE(the_span_is_the_shortest_usual_one_that_was_not_exceeded) {
  learned_limit tested;
  BOOST_TEST(tested.per_minute() == 0u);
  BOOST_TEST(tested.learn(60, 1s)); // one of 60 used: it may be a limit for a second
  BOOST_TEST(tested.per_minute() == 3'600u);
  BOOST_TEST(tested.learn(60, 8s));
  BOOST_TEST(tested.per_minute() == 360u);
  BOOST_TEST(tested.learn(60, 45s));
  BOOST_TEST(tested.per_minute() == 60u);
  BOOST_TEST(!tested.learn(60, 5s)); // never shorter again
  BOOST_TEST(tested.per_minute() == 60u);
}

BOOST_AUTO_TEST_CASE(a_limit_for_a_day_is_not_spread_over_it) {
  learned_limit tested;
  tested.learn(10'000, 2h);
  BOOST_TEST(tested.per_minute() == 0u);
}

BOOST_AUTO_TEST_CASE(without_a_limit_or_a_time_nothing_is_known) {
  learned_limit tested;
  BOOST_TEST(!tested.learn({}, 5s));
  BOOST_TEST(!tested.learn(0, 5s));
  BOOST_TEST(tested.learn(60, {}));
  BOOST_TEST(tested.per_minute() == 0u);
}

BOOST_AUTO_TEST_CASE(a_limit_that_differs_from_model_to_model_is_not_kept_to) {
  learned_limit tested;
  tested.learn(500, 60s);
  BOOST_TEST(tested.learn(600, 60s)); // once more is a better contract
  BOOST_TEST(tested.per_minute() == 600u);
  for (const uint64_t limit : {500u, 600u, 500u, 600u}) tested.learn(limit, 60s);
  BOOST_TEST(tested.per_minute() == 0u);
  BOOST_TEST(!tested.learn(500, 60s)); // and there is nothing new in it
}

BOOST_AUTO_TEST_CASE(absurd_limits_are_cut) {
  learned_limit tested;
  tested.learn(UINT64_MAX, 1s);
  BOOST_TEST(tested.per_minute() == 100'000'000u);
}

BOOST_AUTO_TEST_SUITE_END()
