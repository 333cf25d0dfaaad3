#include "protocol/jobs/endpoints.hpp"

#include <boost/test/unit_test.hpp>

using namespace perennial::jobs;

BOOST_AUTO_TEST_SUITE(job_endpoints)

BOOST_AUTO_TEST_CASE(every_endpoint_is_found_by_its_path) {
  BOOST_TEST(endpoint_paths().size() == 7U);
  for (const auto path : endpoint_paths()) {
    BOOST_TEST(check_endpoint(path).has_value(), path);
    BOOST_REQUIRE(find_endpoint(path));
    BOOST_TEST(find_endpoint(path)->path == path);
  }
  BOOST_TEST(find_endpoint(default_endpoint) != nullptr);
}

BOOST_AUTO_TEST_CASE(a_wrong_endpoint_is_refused_with_what_is_possible) {
  const auto near = check_endpoint("/v1/chat/completion");
  BOOST_REQUIRE(!near);
  BOOST_TEST(near.error().message ==
             "\"/v1/chat/completion\" is not an endpoint; did you mean \"/v1/chat/completions\"?");
  const auto far = check_endpoint("");
  BOOST_REQUIRE(!far);
  BOOST_TEST(far.error().message.find("/v1/images/edits") != std::string::npos);
  BOOST_TEST(!check_endpoint("https://api.openai.com/v1/embeddings"));
}

BOOST_AUTO_TEST_SUITE_END()
