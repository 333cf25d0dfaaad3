#include "protocol/http/edge_path_pattern.hpp"

#include <boost/test/unit_test.hpp>

namespace http = perennial::http;

BOOST_AUTO_TEST_SUITE(http_path_pattern)

BOOST_AUTO_TEST_CASE(a_pattern_without_names_is_the_path_itself) {
  const http::path_pattern pattern{"/v1/files"};
  BOOST_TEST(pattern.matches("/v1/files"));
  for (const auto* other : {"", "/", "/v1", "/v1/files/", "/v1/files/a", "v1/files", "/v1//files"})
    BOOST_TEST(!pattern.matches(other), other);
}

BOOST_AUTO_TEST_CASE(a_name_in_braces_is_one_segment) {
  const http::path_pattern pattern{"/v1/uploads/{id}/parts/{part}"};
  const auto found = pattern.match("/v1/uploads/a b/parts/2");
  BOOST_REQUIRE(found);
  BOOST_TEST((*found == http::path_pattern::captures{{"id", "a b"}, {"part", "2"}}));
  for (const auto* other : {"/v1/uploads/a/parts", "/v1/uploads//parts/2",
                            "/v1/uploads/a/b/parts/2", "/v1/uploads/a/parts/"})
    BOOST_TEST(!pattern.match(other).has_value(), other);
}

BOOST_AUTO_TEST_SUITE_END()
