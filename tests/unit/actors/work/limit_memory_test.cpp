#include "actors/work/limit_memory.hpp"

#include "tests/support/temp_dir.hpp"

#include <boost/test/unit_test.hpp>

using namespace perennial;
using namespace perennial::actors;
using namespace perennial::test;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(limits_across_restarts)

namespace {

constexpr const char* url = "http://h/v1";

struct fixture {
  temp_dir dir;
  std::string path = (dir / "learned_limits").string();
  const secret key{"sk-0123456789"};
  const learned_limits known{{60, 60s, 0}, {90'000, 10s, 0}};
};

} // namespace

BOOST_FIXTURE_TEST_CASE(what_was_learned_last_is_known_after_a_restart, fixture) {
  {
    limit_memory first{path};
    BOOST_TEST(first.find(url, key).nothing());
    first.put(url, key, {{30, 60s, 0}, {}});
    first.put(url, key, known);
  }
  for (int starts = 0; starts < 2; ++starts) {
    const limit_memory again{path};
    BOOST_TEST(again.find(url, key).same(known));
    BOOST_TEST(again.find(url, secret{"sk-another"}).nothing());
    BOOST_TEST(again.find("http://other/v1", key).nothing());
  }
}

BOOST_FIXTURE_TEST_CASE(the_file_holds_each_once_and_neither_key_nor_url, fixture) {
  {
    limit_memory first{path};
    for (uint64_t n = 1; n < 100; ++n) first.put(url, key, {{n, 60s, 0}, {}});
  }
  const limit_memory again{path};
  const auto text = read_file(path);
  BOOST_TEST(std::count(text.begin(), text.end(), '\n') == 2); // the salt, and one
  for (const auto* hidden : {"sk-0123456789", "http"})
    BOOST_TEST(text.find(hidden) == std::string::npos, hidden);
}

BOOST_FIXTURE_TEST_CASE(a_torn_or_foreign_file_is_as_if_it_were_not_there, fixture) {
  limit_memory{path}.put(url, key, known);
  const auto text = read_file(path);
  for (size_t cut = 2; cut < 20; ++cut) {
    write_file(path, text.substr(0, text.size() - cut));
    BOOST_TEST(limit_memory{path}.find(url, key).nothing(), cut);
  }
  write_file(path, "something else\n");
  limit_memory fresh{path};
  BOOST_TEST(fresh.find(url, key).nothing());
  fresh.put(url, key, known);
  BOOST_TEST(limit_memory{path}.find(url, key).same(known));
}

BOOST_AUTO_TEST_SUITE_END()
