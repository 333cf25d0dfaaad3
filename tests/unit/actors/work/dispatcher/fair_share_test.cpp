#include "actors/work/dispatcher/fair_share.hpp"

#include <boost/test/unit_test.hpp>

#include <cmath>
#include <map>
#include <random>
#include <vector>

using namespace perennial::actors;

BOOST_AUTO_TEST_SUITE(fair_share_decision)

namespace {

using batch = uint64_t;

struct fixture {
  fair_share<batch> tested;
  std::map<batch, uint64_t> left; ///< Lines not handed out yet.
  std::map<batch, uint64_t> served;

  void add(batch id, uint64_t lines, uint32_t weight = 1) {
    left[id] = lines;
    tested.add(id, weight);
  }
  /// Hands out one line; 0 when there is none.
  batch serve() {
    auto got = tested.next([&](batch id) { return left[id] > 0; });
    if (!got) return 0;
    tested.charge(*got);
    ++served[*got];
    if (--left[*got] == 0) tested.remove(*got);
    return *got;
  }
};

} // namespace

BOOST_FIXTURE_TEST_CASE(with_no_batch_there_is_no_next, fixture) {
  BOOST_TEST(!tested.next());
  tested.charge(7);
  tested.sleep(7);
  tested.wake(7);
  tested.remove(7);
  BOOST_TEST(!tested.next());
}

BOOST_FIXTURE_TEST_CASE(equal_batches_take_turns, fixture) {
  for (batch id : {1u, 2u, 3u}) add(id, 100);
  std::vector<batch> order(9);
  for (auto& served_now : order) served_now = serve();
  BOOST_TEST(order == (std::vector<batch>{1, 2, 3, 1, 2, 3, 1, 2, 3}));
}

BOOST_FIXTURE_TEST_CASE(ten_lines_that_come_behind_a_huge_batch_go_before_its_next_one, fixture) {
  add(1, 10'000'000);
  for (int i = 0; i < 1'000'000; ++i) serve();
  add(2, 10);
  for (int i = 0; i < 10; ++i) BOOST_TEST(serve() == 2u);
  BOOST_TEST(serve() == 1u);
}

BOOST_FIXTURE_TEST_CASE(a_huge_batch_that_comes_late_goes_first_with_its_first_lines_only,
                        fixture) {
  add(1, 1'000'000);
  for (int i = 0; i < 1'000; ++i) serve();
  add(2, 1'000'000);
  for (uint32_t i = 0; i < tested.head_start; ++i) BOOST_TEST(serve() == 2u);
  served.clear();
  for (int i = 0; i < 100; ++i) serve();
  BOOST_TEST(served[1] == 50u);
}

BOOST_FIXTURE_TEST_CASE(those_who_come_together_take_turns_with_their_head_starts, fixture) {
  add(1, 1'000'000);
  serve();
  add(2, 10);
  add(3, 10);
  for (int i = 0; i < 10; ++i) {
    BOOST_TEST(serve() == 2u);
    BOOST_TEST(serve() == 3u);
  }
}

BOOST_FIXTURE_TEST_CASE(a_stream_of_small_batches_takes_no_more_than_a_quarter_ahead_of_the_others,
                        fixture) {
  add(1, 10'000'000);
  for (int i = 0; i < 1'000; ++i) serve();
  served.clear();
  batch id = 1;
  constexpr int lines = 100'000;
  for (int i = 0; i < lines; ++i) {
    if (left[id] == 0 || id == 1) add(++id, 10); // there is always one, and each has a head start
    serve();
  }
  // Of what is not given ahead, half: one small batch shares with the large one at a time.
  BOOST_TEST(served[1] >= lines * 3U / 8 - 64);
}

BOOST_FIXTURE_TEST_CASE(large_batches_that_come_together_leave_a_head_start_for_a_small_one,
                        fixture) {
  for (batch id = 1; id <= 4; ++id) {
    add(id, 1'000'000);
    serve();
  }
  for (int i = 0; i < 400; ++i) serve();
  add(5, 10);
  for (int i = 0; i < 10; ++i) BOOST_TEST(serve() == 5u);
}

BOOST_FIXTURE_TEST_CASE(a_newcomer_that_sleeps_keeps_its_head_start, fixture) {
  add(1, 1'000);
  serve();
  add(2, 10);
  tested.sleep(2);
  BOOST_TEST(serve() == 1u);
  tested.wake(2);
  BOOST_TEST(serve() == 2u);
  BOOST_TEST(serve() == 2u);
}

BOOST_FIXTURE_TEST_CASE(weights_are_honoured_within_one_line_at_every_moment, fixture) {
  std::map<batch, uint32_t> weights{{1, 1}, {2, 3}, {3, 5}, {4, 1}};
  for (auto [id, weight] : weights) add(id, 1'000'000, weight);
  for (int lines = 1; lines <= 100'000; ++lines) {
    serve();
    for (auto [id, weight] : weights) {
      auto ideal = static_cast<double>(lines) * weight / 10.0;
      BOOST_REQUIRE(std::abs(static_cast<double>(served[id]) - ideal) <= 2.0);
    }
    // Between any two batches: nobody is more than one line of the other's ahead.
    for (auto [a, wa] : weights)
      for (auto [b, wb] : weights) {
        auto ahead = static_cast<double>(served[a]) / wa - static_cast<double>(served[b]) / wb;
        BOOST_REQUIRE(ahead <= 1.0 / wa + 1e-3);
      }
  }
}

BOOST_FIXTURE_TEST_CASE(a_charge_of_many_lines_counts_as_many, fixture) {
  add(1, 1'000);
  add(2, 1'000);
  tested.charge(1, 10);
  for (int i = 0; i < 10; ++i) BOOST_TEST(serve() == 2u);
  BOOST_TEST(serve() == 1u);
}

BOOST_FIXTURE_TEST_CASE(a_batch_that_is_not_ready_is_passed_over_and_owed_nothing, fixture) {
  add(1, 1'000'000);
  add(2, 1'000'000);
  for (int i = 0; i < 1'000; ++i) {
    auto got = tested.next([](batch id) { return id == 1; });
    BOOST_REQUIRE(*got == 1u);
    tested.charge(*got);
  }
  served.clear();
  for (int i = 0; i < 100; ++i) serve();
  BOOST_TEST(served[2] <= 51u);
}

BOOST_FIXTURE_TEST_CASE(a_batch_that_sleeps_is_not_asked_and_wakes_with_its_share, fixture) {
  add(1, 1'000'000);
  add(2, 1'000'000);
  tested.sleep(2);
  BOOST_TEST(tested.awake() == 1u);
  for (int i = 0; i < 1'000; ++i) BOOST_TEST(serve() == 1u);
  tested.charge(2); // a line of it that was out on another way: it sleeps on
  BOOST_TEST(tested.awake() == 1u);
  tested.wake(2);
  tested.wake(2);
  served.clear();
  for (int i = 0; i < 100; ++i) serve();
  BOOST_TEST(served[2] >= 49u);
  BOOST_TEST(served[2] <= 51u);
}

BOOST_FIXTURE_TEST_CASE(sleeping_and_waking_gains_nothing, fixture) {
  add(1, 1'000'000);
  add(2, 1'000'000);
  for (int i = 0; i < 1'000; ++i) {
    tested.sleep(2);
    tested.wake(2);
    serve();
  }
  BOOST_TEST(served[2] <= 501u);
}

BOOST_FIXTURE_TEST_CASE(a_new_weight_counts_from_the_next_line_on, fixture) {
  add(1, 1'000'000);
  add(2, 1'000'000);
  tested.add(2, 3);
  BOOST_TEST(tested.size() == 2u);
  for (int i = 0; i < 400; ++i) serve();
  BOOST_TEST(served[2] >= 298u);
}

BOOST_FIXTURE_TEST_CASE(every_line_is_handed_out_once_whatever_comes_and_goes, fixture) {
  std::mt19937 random{11};
  uint64_t added = 0, handed = 0;
  batch id = 0;
  for (int step = 0; step < 100'000; ++step) {
    if (random() % 100 == 0) {
      auto lines = 1 + random() % 300;
      add(++id, lines, static_cast<uint32_t>(random() % 5));
      added += lines;
    }
    if (id > 0 && random() % 10 == 0) tested.sleep(1 + random() % id);
    if (id > 0 && random() % 5 == 0) tested.wake(1 + random() % id);
    if (serve() != 0) ++handed;
  }
  for (batch each = 1; each <= id; ++each) tested.wake(each);
  while (serve() != 0) ++handed;
  BOOST_TEST(handed == added);
  BOOST_TEST(tested.size() == 0u);
}

BOOST_AUTO_TEST_SUITE_END()
