#include "protocol/base/duration.hpp"

#include <boost/test/unit_test.hpp>

using namespace perennial;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(durations_of_a_configuration)

BOOST_AUTO_TEST_CASE(every_unit_is_read) {
  BOOST_TEST((parse_duration("250ms") == 250ms));
  BOOST_TEST((parse_duration("10s") == 10s));
  BOOST_TEST((parse_duration("1.5 m") == 90s));
  BOOST_TEST((parse_duration("2h") == 2h));
  BOOST_TEST((parse_duration("1d") == 24h));
  BOOST_TEST((parse_duration("0s") == 0s));
}

BOOST_AUTO_TEST_CASE(what_is_no_length_of_time_is_refused_with_examples) {
  for (const auto* text :
       {"", "10", "-1s", "s", "1 fortnight", "10s later", "nan s", "9e99d", "99999999999999999d"}) {
    const auto read = parse_duration(text);
    BOOST_REQUIRE(!read);
    BOOST_TEST(read.error().message.find("for example 250ms") != std::string::npos, text);
  }
}

BOOST_AUTO_TEST_CASE(what_is_written_is_read_again_as_the_same) {
  for (const auto d : {0ms, 1ms, 250ms, 1000ms, 1500ms, 90'000ms, 7'200'000ms, 86'400'000ms})
    BOOST_TEST((parse_duration(write_duration(d)) == d));
  BOOST_TEST(write_duration(90s) == "90s");
  BOOST_TEST(write_duration(48h) == "2d");
}

BOOST_AUTO_TEST_SUITE_END()
