#include "protocol/jobs/line_problem.hpp"

#include <boost/test/unit_test.hpp>

using namespace perennial::jobs;

BOOST_AUTO_TEST_SUITE(job_line_problems)

BOOST_AUTO_TEST_CASE(the_first_thousand_are_kept_and_all_are_counted) {
  problem_list list;
  BOOST_TEST(list.empty());
  for (uint64_t i = 1; i <= 2500; ++i) {
    line_problem p;
    p.number = i;
    list.add(p);
  }
  BOOST_TEST(list.total() == 2500U);
  BOOST_REQUIRE(list.kept().size() == 1000U);
  BOOST_TEST(list.kept().front().number == 1U);
  BOOST_TEST(list.kept().back().number == 1000U);
}

BOOST_AUTO_TEST_CASE(a_repeated_custom_id_names_itself_and_the_first_place) {
  const auto p = duplicate_custom_id(9, 800, "a\nb", 2);
  BOOST_TEST(p.number == 9U);
  BOOST_TEST(p.offset == 800U);
  BOOST_TEST(p.code == "duplicate_custom_id");
  BOOST_TEST(p.custom_id == "a\nb");
  BOOST_TEST(p.message ==
             "the custom_id \"a?b\" is there already, on line 2; give each line one of its own");
  BOOST_TEST(duplicate_custom_id(9, 800, "a").message.find("an earlier line") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(an_empty_file_has_a_problem_without_a_line) {
  BOOST_TEST(empty_file().code == "empty_file");
  BOOST_TEST(empty_file().number == 0U);
}

BOOST_AUTO_TEST_SUITE_END()
