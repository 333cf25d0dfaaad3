#include "actors/protect/outcome_window.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <deque>
#include <random>

using namespace perennial;
using namespace perennial::actors;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(outcome_window_counts)

BOOST_AUTO_TEST_CASE(
  the_window_counts_all_of_the_last_eleven_twelfths_and_nothing_beyond_the_span) {
  std::mt19937 random{7};
  outcome_window window{120s};
  std::deque<steady_time> seen;
  steady_time now{12'345s};
  for (int i = 0; i < 20'000; ++i) {
    now += std::chrono::milliseconds{random() % 2 ? random() % 50 : random() % 5'000};
    window.add({.calls = 1, .failures = 1}, now);
    seen.push_back(now);
    while (now - seen.front() > 120s) seen.pop_front();
    auto recent = std::count_if(seen.begin(), seen.end(), [&](auto t) { return now - t <= 110s; });
    const auto& got = window.totals(now);
    BOOST_REQUIRE(got.calls == got.failures);
    BOOST_REQUIRE(got.calls <= seen.size());
    BOOST_REQUIRE(got.calls >= static_cast<uint64_t>(recent));
  }
}

BOOST_AUTO_TEST_CASE(a_long_silence_empties_it) {
  outcome_window window{120s};
  steady_time now{1h};
  window.add({.calls = 5, .failures = 2, .slow = 1}, now);
  BOOST_TEST(window.totals(now + 100s).calls == 5u);
  BOOST_TEST(window.totals(now + 1000h).calls == 0u);
  BOOST_TEST(window.totals(now + 1000h).slow == 0u);
}

BOOST_AUTO_TEST_CASE(a_moment_read_too_early_counts_in_the_newest_bucket) {
  outcome_window window{120s};
  steady_time now{1h};
  window.add({.calls = 1}, now);
  window.add({.calls = 1}, now - 30s);
  BOOST_TEST(window.totals(now).calls == 2u);
}

BOOST_AUTO_TEST_CASE(another_span_keeps_what_was_seen) {
  outcome_window window{120s};
  steady_time now{1h};
  window.add({.calls = 5, .failures = 2, .slow = 1}, now);
  now += 60s;
  window.set_span(600s, now);
  BOOST_TEST(window.totals(now + 500s).calls == 5u);
  BOOST_TEST(window.totals(now + 500s).slow == 1u);
  BOOST_TEST(window.totals(now + 700s).calls == 0u);
  window.add({.calls = 3}, now + 700s);
  window.set_span(120s, now + 700s);
  BOOST_TEST(window.totals(now + 800s).calls == 3u);
  BOOST_TEST(window.totals(now + 900s).calls == 0u);
}

BOOST_AUTO_TEST_SUITE_END()
