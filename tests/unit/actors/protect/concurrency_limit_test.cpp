#include "actors/protect/concurrency_limit.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <queue>
#include <random>
#include <vector>

using namespace perennial;
using namespace perennial::actors;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(concurrency_limit_decision)

namespace {

constexpr steady_time start{1h};

// A provider that answers in about 500 ms, and at once with 429 beyond its capacity, beside a
// supervisor that always has work and pauses a second on each 429. Runs in simulated time.
struct simulation {
  struct call {
    steady_time ends, sent;
    bool good;
    bool operator>(const call& other) const { return ends > other.ends; }
  };

  concurrency_limit tested{{}, start};
  std::mt19937 random{1};
  std::priority_queue<call, std::vector<call>, std::greater<>> flying;
  steady_time now = start, paused_until = start;
  uint32_t capacity = 0;
  uint64_t good = 0, refused = 0;

  void run(std::chrono::seconds span) {
    for (auto until = now + span; now < until;) {
      if (flying.empty()) now = std::max(now, paused_until);
      while (now >= paused_until && flying.size() < tested.limit()) {
        auto ok = flying.size() < capacity;
        auto wait = ok ? std::chrono::milliseconds{400 + random() % 200} : 20ms;
        flying.push({now + wait, now, ok});
      }
      auto ended = flying.top();
      auto in_flight = static_cast<uint32_t>(flying.size());
      flying.pop();
      now = ended.ends;
      ++(ended.good ? good : refused);
      if (ended.good) {
        tested.on_success(in_flight, now);
      } else {
        tested.on_shrink(ended.sent, in_flight, now);
        paused_until = now + 1s;
      }
    }
  }
};

} // namespace

BOOST_AUTO_TEST_CASE(a_fixed_number_never_changes) {
  concurrency_limit tested{{.fixed = 7}, start};
  for (int i = 0; i < 100; ++i) {
    auto now = start + i * 1s;
    BOOST_TEST(!tested.on_success(7, now, 100));
    BOOST_TEST(!tested.on_shrink(now, 7, now));
    BOOST_TEST(tested.limit() == 7u);
  }
}

BOOST_AUTO_TEST_CASE(it_starts_at_twenty_and_grows_only_while_in_use) {
  concurrency_limit tested{{}, start};
  BOOST_TEST(tested.limit() == 20u);
  BOOST_TEST(!tested.on_success(9, start));
  BOOST_TEST(tested.on_success(10, start));
  BOOST_TEST(tested.limit() == 21u);
}

BOOST_AUTO_TEST_CASE(overload_takes_a_tenth_once_a_round_trip_and_once_a_second) {
  concurrency_limit tested{{.start = 100}, start};
  auto now = start + 5s;
  BOOST_TEST(tested.on_shrink(start, 100, now));
  BOOST_TEST(tested.limit() == 90u);
  BOOST_TEST(!tested.on_shrink(start, 100, now + 60s)); // sent before the shrink
  BOOST_TEST(!tested.on_shrink(now + 1ms, 90, now + 999ms));
  BOOST_TEST(tested.on_shrink(now + 1ms, 90, now + 1s));
  BOOST_TEST(tested.limit() == 81u);
}

BOOST_AUTO_TEST_CASE(it_never_falls_below_its_minimum_nor_rises_above_its_maximum) {
  concurrency_limit tested{{.start = 20, .max = 50}, start};
  auto now = start;
  for (int i = 0; i < 100; ++i, now += 2s) tested.on_shrink(now, tested.limit(), now);
  BOOST_TEST(tested.limit() == 1u);
  for (int i = 0; i < 1'000; ++i, now += 1s) tested.on_success(tested.limit(), now, tested.limit());
  BOOST_TEST(tested.limit() == 50u);
}

BOOST_AUTO_TEST_CASE(it_at_most_doubles_every_ten_seconds_whatever_the_pattern_of_calls) {
  for (uint32_t seed = 1; seed <= 20; ++seed) {
    std::mt19937 random{seed};
    concurrency_limit tested{{}, start};
    std::vector<std::pair<steady_time, uint32_t>> seen;
    auto now = start;
    size_t oldest = 0;
    while (now < start + 120s) {
      now += std::chrono::milliseconds{random() % (seed % 3 == 0 ? 9'000 : 90)};
      tested.on_success(tested.limit(), now, static_cast<uint32_t>(1 + random() % 50));
      seen.emplace_back(now, tested.limit());
      while (seen[oldest].first < now - 10s) ++oldest;
      BOOST_REQUIRE(tested.limit() <= 2 * seen[oldest].second);
    }
    BOOST_TEST(tested.limit() > 500u); // and it does grow
  }
}

BOOST_AUTO_TEST_CASE(it_finds_the_provider_s_capacity_and_stays_near_it) {
  for (auto capacity : {7u, 60u, 400u}) {
    simulation s;
    s.capacity = capacity;
    s.run(120s);
    s.good = s.refused = 0;
    s.run(300s);
    auto ideal = 300.0 / 0.5 * capacity;
    BOOST_TEST(static_cast<double>(s.good) > 0.8 * ideal);
    BOOST_TEST(static_cast<double>(s.refused) < 0.02 * ideal);
  }
}

BOOST_AUTO_TEST_CASE(it_follows_a_capacity_that_falls_and_one_that_rises) {
  simulation s;
  s.capacity = 400;
  s.run(120s);
  s.capacity = 100;
  s.run(60s);
  BOOST_TEST(s.tested.limit() <= 111u);
  s.capacity = 800;
  s.run(120s);
  BOOST_TEST(s.tested.limit() >= 600u);
}

BOOST_AUTO_TEST_CASE(after_an_outage_it_is_back_within_five_seconds) {
  simulation s;
  s.capacity = 1'000'000;
  s.run(120s);
  auto full = s.tested.limit();
  s.tested.on_shrink(s.now, full, s.now);
  for (int i = 0; i < 6; ++i) { // trial calls of the breaker, one at a time
    s.now += 20s;
    s.tested.on_shrink(s.now - 1s, 1, s.now);
  }
  BOOST_TEST(s.tested.limit() < full * 6 / 10);
  s.flying = {};
  s.run(5s);
  BOOST_TEST(s.tested.limit() >= full * 9 / 10);
}

BOOST_AUTO_TEST_SUITE_END()
