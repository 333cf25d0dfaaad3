#include "actors/work/dispatcher/turn_order.hpp"

#include <boost/test/unit_test.hpp>

#include <map>
#include <set>
#include <vector>

using namespace perennial;
using namespace perennial::actors;
using storage::batch_id;

BOOST_AUTO_TEST_SUITE(turn_orders)

namespace {

wall_time at(int64_t ms) { return wall_time{std::chrono::milliseconds{ms}}; }

struct fixture {
  turn_order order;
  std::set<batch_id> idle; ///< Have no line now.

  /// How many of the next `n` turns each batch gets.
  std::map<batch_id, int> turns(int n) {
    std::map<batch_id, int> out;
    for (int i = 0; i < n; ++i) {
      const auto t = order.next([&](batch_id id) { return !idle.contains(id); });
      if (!t) break;
      order.charge(*t);
      ++out[t->batch];
    }
    return out;
  }
};

using counts = std::map<batch_id, int>;

} // namespace

BOOST_FIXTURE_TEST_CASE(owners_share_equally_however_many_batches_each_has, fixture) {
  for (batch_id id = 1; id <= 9; ++id) order.add(id, {.owner = 1});
  order.add(10, {.owner = 2});
  const auto got = turns(180);
  BOOST_TEST(got.at(10) == 90);
  for (batch_id id = 1; id <= 9; ++id) BOOST_TEST(got.at(id) == 10);
}

BOOST_FIXTURE_TEST_CASE(batches_of_one_owner_share_by_weight, fixture) {
  order.add(1, {.weight = 1});
  order.add(2, {.weight = 3});
  BOOST_TEST((turns(40) == counts{{1, 10}, {2, 30}}));
}

BOOST_FIXTURE_TEST_CASE(
  a_higher_priority_of_the_same_owner_goes_first_and_other_owners_lose_nothing, fixture) {
  order.add(1, {.owner = 1, .priority = 0});
  order.add(2, {.owner = 1, .priority = 5});
  order.add(3, {.owner = 2, .priority = -100});
  BOOST_TEST((turns(20) == counts{{2, 10}, {3, 10}}));
  idle.insert(2);
  BOOST_TEST((turns(20) == counts{{1, 10}, {3, 10}}));
}

BOOST_FIXTURE_TEST_CASE(batches_with_a_deadline_spend_their_shares_on_the_earliest, fixture) {
  order.add(1, {.deadline = at(500)});
  order.add(2, {.deadline = at(100)});
  order.add(3, {});
  BOOST_TEST(
    (turns(30) == counts{{2, 20}, {3, 10}})); // 3 has none, and gets its third all the same
  idle.insert(2);
  BOOST_TEST((turns(30) == counts{{1, 20}, {3, 10}}));
}

BOOST_FIXTURE_TEST_CASE(ten_lines_behind_ten_million_get_the_next_turns_of_one_owner_or_of_two,
                        fixture) {
  order.add(1, {.owner = 1});
  turns(100'000);
  order.add(2, {.owner = 1});
  BOOST_TEST((turns(10) == counts{{2, 10}}));
  order.remove(2);
  order.add(3, {.owner = 2});
  BOOST_TEST((turns(10) == counts{{3, 10}}));
}

BOOST_FIXTURE_TEST_CASE(who_comes_with_a_deadline_leads_nobody_to_an_earlier_one, fixture) {
  order.add(1, {});
  order.add(2, {.deadline = at(100)});
  turns(1'000);
  order.add(3, {.deadline = at(500)});
  BOOST_TEST((turns(30) == counts{{1, 10}, {2, 20}}));
}

BOOST_FIXTURE_TEST_CASE(who_is_removed_gets_no_turn_and_who_is_left_gets_all, fixture) {
  order.add(1, {.owner = 1, .deadline = at(5)});
  order.add(2, {.owner = 2});
  order.remove(1);
  order.remove(1);
  BOOST_TEST((turns(5) == counts{{2, 5}}));
  order.remove(2);
  BOOST_TEST(turns(5).empty());
  order.add(1, {.owner = 1});
  BOOST_TEST((turns(5) == counts{{1, 5}}));
}

BOOST_AUTO_TEST_SUITE_END()
