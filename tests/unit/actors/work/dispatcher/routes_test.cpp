#include "actors/work/dispatcher/routes.hpp"

#include <boost/test/unit_test.hpp>

using namespace perennial::actors;

BOOST_AUTO_TEST_SUITE(routes_of_models)

BOOST_AUTO_TEST_CASE(a_pattern_without_a_star_is_the_name_itself) {
  BOOST_TEST(matches("gpt-4", "gpt-4"));
  BOOST_TEST(!matches("gpt-4", "gpt-4o"));
  BOOST_TEST(!matches("gpt-4o", "gpt-4"));
  BOOST_TEST(!matches("gpt-4", "GPT-4"));
  BOOST_TEST(!matches("gpt-4", ""));
  BOOST_TEST(matches("", ""));
  BOOST_TEST(!matches("", "a"));
}

BOOST_AUTO_TEST_CASE(a_star_is_any_run_of_characters) {
  BOOST_TEST(matches("*", ""));
  BOOST_TEST(matches("*", "anything/at:all"));
  BOOST_TEST(matches("gpt-*", "gpt-"));
  BOOST_TEST(matches("gpt-*", "gpt-4o-mini"));
  BOOST_TEST(!matches("gpt-*", "o3"));
  BOOST_TEST(matches("*-mini", "gpt-4o-mini"));
  BOOST_TEST(!matches("*-mini", "gpt-4o-mini-2"));
  BOOST_TEST(matches("a*b*c", "aXbYbZc"));
  BOOST_TEST(!matches("a*b*c", "aXbYbZ"));
  BOOST_TEST(matches("**a**", "a"));
  BOOST_TEST(matches("*ab", "aab")); // the star must take back what it gave
}

BOOST_AUTO_TEST_CASE(nothing_else_is_special) {
  BOOST_TEST(matches("a.b", "a.b"));
  BOOST_TEST(!matches("a.b", "axb"));
  BOOST_TEST(!matches("a?", "ab"));
  BOOST_TEST(matches("[a]", "[a]"));
}

BOOST_AUTO_TEST_CASE(a_hostile_pattern_takes_no_exponential_time) {
  std::string pattern;
  for (int i = 0; i < 100; ++i) pattern += "*a";
  BOOST_TEST(!matches(pattern + "b", std::string(10'000, 'a')));
}

BOOST_AUTO_TEST_CASE(the_first_provider_that_fits_takes_the_model) {
  const routes r{{{"gpt-4", "o*"}, {"gpt-*"}, {"*"}}};
  BOOST_TEST(r.size() == 3U);
  BOOST_TEST(r.find("gpt-4").value() == 0U);
  BOOST_TEST(r.find("o3").value() == 0U);
  BOOST_TEST(r.find("gpt-4o").value() == 1U);
  BOOST_TEST(r.find("claude").value() == 2U);
  BOOST_TEST(r.find("").value() == 2U);
}

BOOST_AUTO_TEST_CASE(a_provider_without_patterns_takes_everything) {
  const routes r{{{"gpt-4"}, {}}};
  BOOST_TEST(r.find("x").value() == 1U);
  BOOST_TEST(r.find("").value() == 1U);
  BOOST_TEST(r.find("gpt-4").value() == 0U);
}

BOOST_AUTO_TEST_CASE(a_model_that_none_takes_has_no_route) {
  const routes r{{{"gpt-4"}, {"o*"}}};
  BOOST_TEST(!r.find("claude").has_value());
  BOOST_TEST(!r.find("").has_value());
  BOOST_TEST(!routes{{}}.find("a").has_value()); // no provider at all
}

BOOST_AUTO_TEST_SUITE_END()
