#include "storage/lock_file.hpp"

#include "tests/support/temp_dir.hpp"

#include <boost/test/unit_test.hpp>

#include <fstream>
#include <optional>

using namespace perennial;
using namespace perennial::storage;

BOOST_AUTO_TEST_SUITE(lock_of_a_directory)

BOOST_AUTO_TEST_CASE(a_second_one_is_told_who_has_it) {
  const test::temp_dir dir;
  const auto first = lock_file::take(dir.text(), "perennial");
  BOOST_REQUIRE(first.has_value());
  const auto second = lock_file::take(dir.text(), "other");
  BOOST_REQUIRE(!second);
  BOOST_TEST((second.error().kind == errc::conflict));
  BOOST_TEST(second.error().message ==
             fmt::format("{} is in use by perennial (pid {}); stop it or use another directory",
                         dir.text(), ::getpid()));
}

BOOST_AUTO_TEST_CASE(it_is_free_again_when_the_holder_is_gone) {
  const test::temp_dir dir;
  {
    const auto first = lock_file::take(dir.text(), "a program with a long name");
    BOOST_REQUIRE(first.has_value());
  }
  BOOST_TEST(lock_file::take(dir.text(), "b").has_value());
  std::ifstream in{dir.text() + "/LOCK"};
  std::string text;
  std::getline(in, text);
  BOOST_TEST(text == fmt::format("b {}", ::getpid()));
}

BOOST_AUTO_TEST_CASE(a_directory_that_is_not_there_is_said) {
  const auto lock = lock_file::take("/nonexistent/directory", "perennial");
  BOOST_TEST((lock.error().kind == errc::io_error));
}

BOOST_AUTO_TEST_SUITE_END()
