#include "storage/result_codes.hpp"

#include <boost/test/unit_test.hpp>

using namespace perennial;
using namespace perennial::storage;

BOOST_AUTO_TEST_SUITE(codes_of_results)

BOOST_AUTO_TEST_CASE(every_name_is_read_back) {
  for (const uint16_t code :
       {result_code::worker_crashed, result_code::line_invalid, result_code::response_too_large,
        result_code::retries_used_up, uint16_t{100}, uint16_t{429}, uint16_t{999}}) {
    BOOST_TEST((code_of_name(name_of_code(code)) == code));
  }
  BOOST_TEST(name_of_code(429) == "429");
}

BOOST_AUTO_TEST_CASE(other_names_are_unknown) {
  for (const auto* name : {"", "0", "42", "1000", "429x", "x", "-429", "batch_expired"}) {
    BOOST_TEST(!code_of_name(name).has_value());
  }
}

BOOST_AUTO_TEST_CASE(lines_that_never_ran_have_the_code_of_the_end) {
  BOOST_TEST(unrun_code(batch_status::cancelled) == "batch_cancelled");
  BOOST_TEST(unrun_code(batch_status::expired) == "batch_expired");
  BOOST_TEST(unrun_code(batch_status::completed).empty());
}

BOOST_AUTO_TEST_SUITE_END()
