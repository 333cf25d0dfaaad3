#include "actors/protect/backoff.hpp"

#include <boost/test/unit_test.hpp>

using namespace perennial::actors;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(backoff_values)

BOOST_AUTO_TEST_CASE(a_wait_doubles_up_to_its_longest) {
  backoff wait{.first = 1s, .max = 60s};
  BOOST_TEST((wait.after(0) == 1s));
  BOOST_TEST((wait.after(1) == 2s));
  BOOST_TEST((wait.after(5) == 32s));
  BOOST_TEST((wait.after(6) == 60s));
  BOOST_TEST((wait.after(4'000'000'000u) == 60s));
}

BOOST_AUTO_TEST_CASE(full_jitter_is_anything_up_to_the_wait) {
  BOOST_TEST((full_jitter(10s, 0.0) == 0s));
  BOOST_TEST((full_jitter(10s, 0.5) == 5s));
  BOOST_TEST((full_jitter(10s, 0.999) < 10s));
}

BOOST_AUTO_TEST_CASE(a_spread_wait_stays_around_its_middle) {
  BOOST_TEST((spread(10s, 0.2, 0.0) == 8s));
  BOOST_TEST((spread(10s, 0.2, 0.5) == 10s));
  BOOST_TEST((spread(10s, 0.2, 0.9999) < 12s));
}

BOOST_AUTO_TEST_SUITE_END()
