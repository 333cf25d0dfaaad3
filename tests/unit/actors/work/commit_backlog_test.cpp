#include "actors/work/commit_backlog.hpp"

#include <boost/test/unit_test.hpp>

using namespace perennial;
using namespace perennial::actors;
using namespace perennial::storage;

BOOST_AUTO_TEST_SUITE(commit_backlogs)

namespace {

constexpr commit_limits limits{10, 1000};

commit_group results(line_no from, line_no to, size_t bytes) {
  commit_group g;
  for (auto n = from; n < to; ++n) {
    auto& r = g.results.emplace_back();
    r.batch = 1;
    r.line = n;
    r.text = std::string(bytes, 'x');
  }
  return g;
}

commit_group waits(line_no from, line_no to) {
  commit_group g;
  for (auto n = from; n < to; ++n) g.waits.push_back({1, n, {1, {}, false, "reset"}});
  return g;
}

/// Takes everything; checks the limits and that lines keep their order.
size_t groups_in(commit_backlog& b, line_no expected_results) {
  size_t count = 0;
  line_no next = 0;
  while (!b.empty()) {
    const auto g = b.take();
    ++count;
    uint64_t bytes = 0;
    for (const auto& r : g.results) {
      BOOST_TEST(r.line == next++);
      bytes += r.text.size();
    }
    const auto lines = g.results.size() + g.waits.size();
    BOOST_TEST(lines <= limits.lines);
    BOOST_TEST((bytes <= limits.bytes || lines == 1));
    BOOST_REQUIRE((lines > 0 || !g.ambiguous.empty()));
  }
  BOOST_TEST(next == expected_results);
  return count;
}

} // namespace

BOOST_AUTO_TEST_CASE(what_fits_is_one_write) {
  commit_backlog b{limits};
  BOOST_TEST(b.empty());
  b.add(results(0, 3, 100));
  b.add(results(3, 6, 100));
  BOOST_TEST(!b.is_full());
  BOOST_TEST(groups_in(b, 6) == 1U);
  BOOST_TEST(b.empty());
}

BOOST_AUTO_TEST_CASE(many_results_are_cut_by_their_number) {
  commit_backlog b{limits};
  b.add(results(0, 9, 1));
  BOOST_TEST(!b.is_full());
  b.add(results(9, 35, 1));
  BOOST_TEST(b.is_full());
  BOOST_TEST(groups_in(b, 35) == 4U);
}

BOOST_AUTO_TEST_CASE(big_results_are_cut_by_their_bytes_though_they_came_together) {
  commit_backlog b{limits};
  b.add(results(0, 8, 400));
  BOOST_TEST(b.is_full());
  BOOST_TEST(groups_in(b, 8) == 4U);
}

BOOST_AUTO_TEST_CASE(one_that_is_longer_than_a_write_goes_alone) {
  commit_backlog b{limits};
  b.add(results(0, 1, 10));
  b.add(results(1, 3, 5000));
  b.add(results(3, 4, 10));
  BOOST_TEST(groups_in(b, 4) == 4U);
}

BOOST_AUTO_TEST_CASE(a_thousand_results_of_16_mib_never_make_one_write) {
  // Of the real limits, with the bytes only counted: texts of 1 MiB stand in for them.
  commit_backlog b;
  b.add(results(0, 64, mib));
  while (!b.empty()) {
    const auto g = b.take();
    BOOST_TEST(g.results.size() <= 8U);
  }
}

BOOST_AUTO_TEST_CASE(waits_come_behind_all_results_and_count_as_lines) {
  commit_backlog b{limits};
  auto first = waits(0, 12);
  first.ambiguous = {{1, 5}};
  b.add(std::move(first));
  b.add(results(0, 12, 1));
  auto g = b.take();
  BOOST_TEST((g.results.size() == 10 && g.waits.empty() && g.ambiguous.empty()));
  g = b.take();
  BOOST_TEST((g.results.size() == 2 && g.waits.size() == 8 && g.ambiguous.empty()));
  g = b.take();
  BOOST_TEST((g.results.empty() && g.waits.size() == 4 && g.ambiguous.size() == 1));
  BOOST_TEST(b.empty());
}

BOOST_AUTO_TEST_CASE(counts_of_ambiguous_calls_alone_are_written_too) {
  commit_backlog b{limits};
  commit_group g;
  g.ambiguous = {{1, 2}};
  b.add(std::move(g));
  BOOST_TEST(!b.empty());
  BOOST_TEST(b.take().ambiguous.size() == 1U);
  BOOST_TEST(b.empty());
}

BOOST_AUTO_TEST_CASE(a_group_that_could_not_be_written_is_the_next_again) {
  commit_backlog b{limits};
  b.add(results(0, 15, 1));
  auto failed = b.take();
  b.add(results(15, 18, 1));
  BOOST_TEST(!b.is_full());
  b.put_back(std::move(failed));
  BOOST_TEST(b.is_full());
  BOOST_TEST(groups_in(b, 18) == 2U);
}

BOOST_AUTO_TEST_SUITE_END()
