#include "protocol/http/range.hpp"

#include <boost/test/unit_test.hpp>

namespace http = perennial::http;
using http::choose_range;
using http::range_kind;

BOOST_AUTO_TEST_SUITE(http_range)

BOOST_AUTO_TEST_CASE(a_range_inside_is_a_part) {
  const auto range = choose_range("bytes=10-19", 100);
  BOOST_TEST((range == http::content_range{range_kind::part, 10, 10, 100}));
  BOOST_TEST(http::header_of(range) == "bytes 10-19/100");
  BOOST_TEST(http::status_of(range.kind) == 206);
  BOOST_TEST((choose_range("bytes=0-0", 1) == http::content_range{range_kind::part, 0, 1, 1}));
  BOOST_TEST((choose_range("Bytes= 0-0", 5) == http::content_range{range_kind::part, 0, 1, 5}));
}

BOOST_AUTO_TEST_CASE(a_range_may_end_with_the_content) {
  BOOST_TEST(
    (choose_range("bytes=90-", 100) == http::content_range{range_kind::part, 90, 10, 100}));
  BOOST_TEST(
    (choose_range("bytes=90-500", 100) == http::content_range{range_kind::part, 90, 10, 100}));
  BOOST_TEST((choose_range("bytes=90-99999999999999999999999", 100) ==
              http::content_range{range_kind::part, 90, 10, 100}));
}

BOOST_AUTO_TEST_CASE(a_suffix_counts_from_the_end) {
  BOOST_TEST(
    (choose_range("bytes=-10", 100) == http::content_range{range_kind::part, 90, 10, 100}));
  BOOST_TEST(
    (choose_range("bytes=-500", 100) == http::content_range{range_kind::part, 0, 100, 100}));
}

BOOST_AUTO_TEST_CASE(a_range_beyond_the_end_cannot_be_met) {
  const auto range = choose_range("bytes=100-", 100);
  BOOST_TEST((range.kind == range_kind::unsatisfiable));
  BOOST_TEST(http::header_of(range) == "bytes */100");
  BOOST_TEST(http::status_of(range.kind) == 416);
  BOOST_TEST((choose_range("bytes=0-0", 0).kind == range_kind::unsatisfiable));
  BOOST_TEST((choose_range("bytes=-0", 100).kind == range_kind::unsatisfiable));
  BOOST_TEST((choose_range("bytes=-5", 0).kind == range_kind::unsatisfiable));
  BOOST_TEST(
    (choose_range("bytes=99999999999999999999999-", 100).kind == range_kind::unsatisfiable));
}

BOOST_AUTO_TEST_CASE(everything_else_is_answered_with_the_whole) {
  for (const auto* header :
       {"", "bytes", "bytes=", "bytes=-", "bytes=a-b", "bytes=5-2", "bytes=1-2,5-6", "items=1-2",
        "bytes=1", "bytes=+1-2", "bytes=1 - 2", "bytes=--5", "bytes=1-2-3", "bytes 1-2"}) {
    const auto range = choose_range(header, 100);
    BOOST_TEST((range == http::content_range{range_kind::whole, 0, 100, 100}), header);
    BOOST_TEST(http::header_of(range).empty());
  }
}

BOOST_AUTO_TEST_SUITE_END()
