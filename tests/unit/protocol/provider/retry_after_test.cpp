#include "protocol/provider/retry_after.hpp"

#include <boost/test/unit_test.hpp>

#include <limits>
#include <string>

using namespace perennial;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(retry_after)

namespace {

const wall_time now = from_unix_ms(784'111'777'000); // Sun, 06 Nov 1994 08:49:37 GMT

} // namespace

BOOST_AUTO_TEST_CASE(seconds_are_read) {
  BOOST_TEST((parse_retry_after("30", now) == 30s));
  BOOST_TEST((parse_retry_after(" 1.5 ", now) == 1500ms));
  BOOST_TEST((parse_retry_after("0.0001", now) == 1ms)); // rounded up: never too early
}

BOOST_AUTO_TEST_CASE(all_three_forms_of_a_date_are_read) {
  for (const char* text : {"Sun, 06 Nov 1994 08:49:57 GMT", "Sunday, 06-Nov-94 08:49:57 GMT",
                           "Sun Nov  6 08:49:57 1994"})
    BOOST_TEST((parse_retry_after(text, now) == 20s), text);
}

BOOST_AUTO_TEST_CASE(what_asks_for_no_wait_is_nothing) {
  for (const char* text :
       {"", "0", "-1", "-0.5", "nan", "inf", "1e9", "soon", "12 apples", "0x10", "1,5",
        "Sun, 06 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1904 08:49:37 GMT", "Sun, 06 Nov",
        "Sun, 06 Nov 1994 08:49:57 CET", "Sun, 99 Nov 1994 08:49:57 GMT"})
    BOOST_TEST(!parse_retry_after(text, now), text);
  BOOST_TEST(!parse_retry_after(std::string(100'000, ' ') + "x", now));
}

BOOST_AUTO_TEST_CASE(huge_waits_are_cut) {
  BOOST_TEST((parse_retry_after("99999999999999999999999999", now) == longest_wait));
  BOOST_TEST((parse_retry_after(std::string(5000, '9'), now) == longest_wait));
  BOOST_TEST((parse_retry_after("Fri, 31 Dec 9999 23:59:59 GMT", now) == longest_wait));
  BOOST_TEST((parse_retry_after("120", now, 60s) == 60s));
  BOOST_TEST((parse_reset("99999999h") == longest_wait));
}

BOOST_AUTO_TEST_CASE(milliseconds_and_json_numbers_are_read) {
  BOOST_TEST((parse_retry_after_ms("250") == 250ms));
  BOOST_TEST(!parse_retry_after_ms("-250"));
  BOOST_TEST(!parse_retry_after_ms("250ms"));
  BOOST_TEST((wait_from_seconds(2.5) == 2500ms));
  BOOST_TEST(!wait_from_seconds(-1));
  BOOST_TEST(!wait_from_seconds(std::numeric_limits<double>::quiet_NaN()));
  BOOST_TEST(!wait_from_seconds(std::numeric_limits<double>::infinity()));
  BOOST_TEST((wait_from_seconds(1e300) == longest_wait));
}

BOOST_AUTO_TEST_CASE(resets_are_read_as_they_are_written) {
  BOOST_TEST((parse_reset("1s") == 1s));
  BOOST_TEST((parse_reset("6m0s") == 6min));
  BOOST_TEST((parse_reset("20ms") == 20ms));
  BOOST_TEST((parse_reset("1h2m3.5s", 24h) == 1h + 2min + 3500ms));
  BOOST_TEST((parse_reset("7") == 7s));
  for (const char* text : {"", "s", "1x", "1s2", "-1s", "6m 0s", "0s"})
    BOOST_TEST(!parse_reset(text), text);
}

BOOST_AUTO_TEST_CASE(limits_tell_how_long_until_something_is_left) {
  rate_limits limits;
  BOOST_TEST(limits.read("x-ratelimit-remaining-requests", "0"));
  BOOST_TEST(limits.read("x-ratelimit-reset-requests", "2s"));
  BOOST_TEST(limits.read("x-ratelimit-remaining-tokens", "5"));
  BOOST_TEST(limits.read("x-ratelimit-reset-tokens", "6m0s"));
  BOOST_TEST((limits.wait() == 2s));
  BOOST_TEST(limits.read("x-ratelimit-remaining-tokens", "0"));
  BOOST_TEST((limits.wait() == 6min));
  BOOST_TEST(limits.read("x-ratelimit-remaining-tokens", "none"));
  BOOST_TEST(!limits.remaining_tokens);
  BOOST_TEST(!limits.read("x-ratelimit-colour", "1"));
  BOOST_TEST(!limits.read("retry-after", "1"));
}

BOOST_AUTO_TEST_SUITE_END()
