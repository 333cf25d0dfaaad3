#include "actors/work/dispatcher/wait_queue.hpp"

#include <boost/test/unit_test.hpp>

#include <map>
#include <random>
#include <set>
#include <vector>

using namespace perennial;
using namespace perennial::actors;
using namespace std::chrono_literals;

namespace {

struct fixture {
  wait_queue<uint64_t, int> tested;
  steady_time now{1h};

  std::vector<int> pop_all(steady_time until) {
    std::vector<int> lines;
    while (auto got = tested.pop_due(until)) lines.push_back(got->line);
    return lines;
  }
};

} // namespace

BOOST_FIXTURE_TEST_SUITE(wait_queue_values, fixture)

BOOST_AUTO_TEST_CASE(an_empty_queue_has_nothing_due) {
  BOOST_TEST(tested.empty());
  BOOST_TEST(!tested.next_due());
  BOOST_TEST(!tested.pop_due(now));
  BOOST_TEST(tested.remove(1) == 0u);
}

BOOST_AUTO_TEST_CASE(lines_come_out_when_due_earliest_first_and_equals_in_the_order_they_came) {
  tested.push(now + 3s, 1, 30);
  tested.push(now + 1s, 1, 10);
  tested.push(now + 2s, 2, 20);
  tested.push(now + 2s, 1, 21);
  BOOST_TEST((*tested.next_due() == now + 1s));
  BOOST_TEST(pop_all(now + 999ms).empty());
  BOOST_TEST(pop_all(now + 2s) == (std::vector{10, 20, 21}));
  BOOST_TEST((*tested.next_due() == now + 3s));
  BOOST_TEST(tested.size() == 1u);
}

BOOST_AUTO_TEST_CASE(a_removed_batch_is_gone_and_others_stay) {
  for (int i = 0; i < 10; ++i) tested.push(now + i * 1s, i % 2 ? 1 : 2, i);
  BOOST_TEST(tested.remove(2) == 5u);
  BOOST_TEST(tested.size() == 5u);
  BOOST_TEST(tested.size(2) == 0u);
  BOOST_TEST((*tested.next_due() == now + 1s)); // not that of a dead entry
  BOOST_TEST(pop_all(now + 1h) == (std::vector{1, 3, 5, 7, 9}));
  BOOST_TEST(!tested.next_due());
}

BOOST_AUTO_TEST_CASE(a_batch_may_wait_again_after_it_was_removed) {
  tested.push(now + 1s, 1, 1);
  tested.push(now + 5s, 2, 5);
  tested.push(now + 9s, 1, 9);
  tested.remove(1);
  tested.push(now + 3s, 1, 3);
  BOOST_TEST(tested.size(1) == 1u);
  BOOST_TEST(pop_all(now + 1h) == (std::vector{3, 5}));
}

BOOST_AUTO_TEST_CASE(random_pushes_pops_and_removes_match_a_plain_model) {
  for (uint32_t seed = 1; seed <= 10; ++seed) {
    std::mt19937 random{seed};
    wait_queue<uint64_t, int> queue;
    std::multimap<steady_time, std::pair<uint64_t, int>> model; // keeps the order of equals
    for (int step = 0; step < 20'000; ++step) {
      auto batch = random() % 5;
      switch (random() % (seed % 2 ? 4 : 40)) {
      case 0:
        if (random() % 100 == 0) {
          auto removed = std::erase_if(model, [&](auto& e) { return e.second.first == batch; });
          BOOST_REQUIRE(queue.remove(batch) == removed);
        }
        break;
      case 1:
        now += 1ms;
        while (auto got = queue.pop_due(now)) {
          BOOST_REQUIRE(!model.empty());
          BOOST_REQUIRE(model.begin()->first <= now);
          BOOST_REQUIRE(model.begin()->second.second == got->line);
          BOOST_REQUIRE(model.begin()->second.first == got->batch);
          model.erase(model.begin());
        }
        BOOST_REQUIRE((model.empty() || model.begin()->first > now));
        break;
      default: {
        auto due = now + std::chrono::milliseconds{random() % 1'000};
        queue.push(due, batch, step);
        model.emplace(due, std::pair{batch, step});
      }
      }
      BOOST_REQUIRE(queue.size() == model.size());
      BOOST_REQUIRE(queue.next_due().has_value() == !model.empty());
      if (!model.empty()) BOOST_REQUIRE((*queue.next_due() == model.begin()->first));
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
