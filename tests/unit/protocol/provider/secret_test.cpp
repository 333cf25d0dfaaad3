#include "protocol/provider/secret.hpp"

#include <boost/test/unit_test.hpp>

#include <sstream>

using namespace perennial;

BOOST_AUTO_TEST_SUITE(secret_)

BOOST_AUTO_TEST_CASE(no_way_of_formatting_shows_it) {
  const secret key{"sk-0123456789"};
  std::ostringstream out;
  out << key;
  BOOST_TEST(out.str() == "***");
  BOOST_TEST(fmt::format("{}", key) == "***");
  BOOST_TEST(fmt::format("{:>5}", key) == "  ***");
  BOOST_TEST(key.reveal() == "sk-0123456789");
}

BOOST_AUTO_TEST_CASE(it_is_covered_wherever_it_stands) {
  const secret key{"sk-56789"};
  std::string text = "sk-56789 sk-5678 xsk-56789sk-56789";
  key.hide_in(text);
  BOOST_TEST(text == "******** sk-5678 x****************");
  std::string empty;
  key.hide_in(empty);
  BOOST_TEST(empty.empty());
}

BOOST_AUTO_TEST_CASE(a_key_so_short_that_it_is_a_word_covers_nothing) {
  std::string text = "a test of none";
  secret{"test"}.hide_in(text);
  secret{}.hide_in(text);
  BOOST_TEST(text == "a test of none");
}

BOOST_AUTO_TEST_SUITE_END()
