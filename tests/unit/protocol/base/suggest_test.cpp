#include "protocol/base/suggest.hpp"

#include <boost/test/unit_test.hpp>

#include <array>
#include <string>

using namespace perennial;

BOOST_AUTO_TEST_SUITE(suggest_names)

namespace {
constexpr std::array<std::string_view, 4> names{"listen", "data_dir", "max_in_flight", "providers"};
}

BOOST_AUTO_TEST_CASE(a_typing_error_finds_its_name) {
  BOOST_TEST(nearest("lisen", names) == "listen");
  BOOST_TEST(nearest("lsiten", names) == "listen");
  BOOST_TEST(nearest("Listen", names) == "listen");
  BOOST_TEST(nearest("max_inflight", names) == "max_in_flight");
  BOOST_TEST(nearest("provider", names) == "providers");
  BOOST_TEST(suggest("datadir", names) == "; did you mean \"data_dir\"?");
}

BOOST_AUTO_TEST_CASE(a_word_far_from_all_finds_nothing) {
  BOOST_TEST(nearest("budget", names).empty());
  BOOST_TEST(nearest("x", names).empty());
  BOOST_TEST(nearest("", names).empty());
  BOOST_TEST(suggest("budget", names).empty());
  BOOST_TEST(nearest(std::string(100'000, 'l'), names).empty());
}

BOOST_AUTO_TEST_SUITE_END()
