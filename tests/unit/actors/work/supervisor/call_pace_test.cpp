// How fast calls end, by a simulated clock.
#include "actors/work/supervisor/call_pace.hpp"

#include <boost/test/unit_test.hpp>

using namespace perennial;
using namespace perennial::actors;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(the_pace_of_calls)

BOOST_AUTO_TEST_CASE(is_none_before_the_first_call) { BOOST_TEST(call_pace{}.in(1s) == 0U); }

BOOST_AUTO_TEST_CASE(follows_how_fast_they_end) {
  call_pace pace;
  steady_time now{1h};
  pace.on_calls(1, now);
  for (int i = 0; i < 100; ++i) pace.on_calls(40, now += 4ms);
  BOOST_TEST(pace.in(1s) > 9'000U);
  BOOST_TEST(pace.in(1s) < 11'000U);
  BOOST_TEST(pace.in(20ms) > 180U);
  for (int i = 0; i < 100; ++i) pace.on_calls(1, now += 10ms);
  BOOST_TEST(pace.in(1s) >= 99U);
  BOOST_TEST(pace.in(1s) <= 101U);
}

BOOST_AUTO_TEST_CASE(is_slow_again_with_the_first_call_after_a_long_silence) {
  call_pace pace;
  steady_time now{1h};
  for (int i = 0; i < 100; ++i) pace.on_calls(40, now += 4ms);
  pace.on_calls(1, now += 1min);
  BOOST_TEST(pace.in(1s) <= 10U); // with those that were not counted yet
}

BOOST_AUTO_TEST_SUITE_END()
