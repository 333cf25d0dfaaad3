#include "protocol/provider/backoff.hpp"

#include <boost/test/unit_test.hpp>

#include <limits>

using namespace perennial;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(backoff_)

BOOST_AUTO_TEST_CASE(the_wait_doubles_up_to_the_cap) {
  const std::chrono::milliseconds tops[] = {1s, 2s, 4s, 8s, 16s, 32s, 60s, 60s};
  for (unsigned i = 0; i < 8; ++i) BOOST_TEST((backoff(i + 1, 1.0) == tops[i]));
  BOOST_TEST((backoff(4'000'000'000u, 1.0) == 60s));
  BOOST_TEST((backoff(0, 1.0) == 1s));
}

BOOST_AUTO_TEST_CASE(jitter_is_full) {
  BOOST_TEST((backoff(4, 0.0) == 0ms));
  BOOST_TEST((backoff(4, 0.5) == 4s));
  for (double odd : {-1.0, 2.0, std::numeric_limits<double>::quiet_NaN()})
    BOOST_TEST((backoff(4, odd) == 8s));
}

BOOST_AUTO_TEST_CASE(a_providers_word_is_a_floor_with_a_spread_above_it) {
  BOOST_TEST((backoff(1, 0.0, 30s) == 30s));
  BOOST_TEST((backoff(1, 0.5, 30s) == 30'500ms));
  BOOST_TEST((backoff(7, 1.0, 30s) == 60s));
  BOOST_TEST((backoff(1, 0.5, 30min) == 30min + 500ms)); // beyond the cap: still their word
}

BOOST_AUTO_TEST_CASE(base_and_cap_can_be_set) {
  const backoff_settings quick{10ms, 25ms};
  BOOST_TEST((backoff(1, 1.0, {}, quick) == 10ms));
  BOOST_TEST((backoff(2, 1.0, {}, quick) == 20ms));
  BOOST_TEST((backoff(3, 1.0, {}, quick) == 25ms));
}

BOOST_AUTO_TEST_SUITE_END()
