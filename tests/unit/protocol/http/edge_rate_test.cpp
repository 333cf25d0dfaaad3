#include "protocol/http/edge_rate.hpp"

#include <boost/test/unit_test.hpp>

namespace http = perennial::http;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(http_rate)

namespace {

constexpr http::min_rate rate{.bytes_per_second = 1000, .grace = 5000ms};

} // namespace

BOOST_AUTO_TEST_CASE(a_silent_peer_has_the_grace_and_no_more) {
  http::rate_guard guard{rate};
  guard.waited(4999ms);
  BOOST_TEST(!guard.too_slow());
  guard.waited(1ms);
  BOOST_TEST(guard.too_slow());
}

BOOST_AUTO_TEST_CASE(a_peer_at_the_rate_is_never_too_slow) {
  http::rate_guard guard{rate};
  for (auto second = 0; second < 3600; ++second) {
    guard.waited(1s);
    guard.moved(1000);
    BOOST_REQUIRE(!guard.too_slow());
  }
}

BOOST_AUTO_TEST_CASE(a_peer_that_drips_below_the_rate_is_found_out) {
  http::rate_guard guard{rate};
  auto seconds = 0;
  while (!guard.too_slow()) {
    guard.waited(1s);
    if (!guard.too_slow()) guard.moved(500);
    ++seconds;
  }
  BOOST_TEST(seconds == 9);
}

BOOST_AUTO_TEST_CASE(much_sent_once_buys_no_more_than_the_grace) {
  http::rate_guard guard{rate};
  guard.moved(uint64_t{1} << 63);
  guard.waited(4999ms);
  BOOST_TEST(!guard.too_slow());
  guard.waited(1ms);
  BOOST_TEST(guard.too_slow());
}

BOOST_AUTO_TEST_SUITE_END()
