// What a file was found good under is on disk: the numbers must not change unnoticed.
#include "storage/rule_set.hpp"

#include <boost/test/unit_test.hpp>

#include <set>

using namespace perennial;
using namespace perennial::storage;

BOOST_AUTO_TEST_SUITE(rule_sets)

namespace {

batch_definition example() {
  batch_definition d;
  d.format = line_format::jsonl;
  d.max_line_bytes = 16 << 20;
  d.endpoint = "/v1/chat/completions";
  return d;
}

} // namespace

BOOST_AUTO_TEST_CASE(a_rule_set_has_its_number) {
  BOOST_TEST(rule_set_of(example()) == 0x60295ebd38bbb1f3U);
}

BOOST_AUTO_TEST_CASE(what_decides_which_lines_are_good_makes_another) {
  std::set<rule_set_id> seen{rule_set_of(example())};
  auto d = example();
  d.format = line_format::text;
  seen.insert(rule_set_of(d));
  d = example();
  d.max_line_bytes = 1000;
  seen.insert(rule_set_of(d));
  d = example();
  d.endpoint = "/v1/embeddings";
  seen.insert(rule_set_of(d));
  BOOST_TEST(seen.size() == 4U);
  BOOST_TEST(!seen.contains(0));
}

BOOST_AUTO_TEST_CASE(what_does_not_decide_it_leaves_it) {
  auto d = example();
  d.file = 7;
  d.model = "m";
  d.on_invalid = invalid_policy::skip;
  d.max_attempts = 3;
  d.metadata = {{"a", "b"}};
  BOOST_TEST(rule_set_of(d) == rule_set_of(example()));
}

BOOST_AUTO_TEST_SUITE_END()
