#include "actors/protect/answer_room.hpp"

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <thread>

using namespace perennial;
using namespace perennial::actors;

BOOST_AUTO_TEST_SUITE(room_for_answers)

namespace {

const auto never = [] { return false; };
steady_time late() { return steady_now() + std::chrono::minutes{1}; }

/// Whether it gets the bytes without waiting.
bool gets(answer_share& share, uint64_t bytes) { return share.grow(bytes, steady_time{}, never); }

} // namespace

BOOST_AUTO_TEST_CASE(what_was_taken_comes_back_with_the_share) {
  const auto room = std::make_shared<answer_room>(100);
  {
    answer_share a{room};
    BOOST_TEST(gets(a, 60));
    BOOST_TEST(gets(a, 40));
    BOOST_TEST(room->used() == 100U);
    a.shrink_to(30);
    BOOST_TEST(room->used() == 30U);
  }
  BOOST_TEST(room->used() == 0U);
}

BOOST_AUTO_TEST_CASE(one_answer_at_a_time_may_go_beyond_the_limit_until_all_of_it_is_back) {
  const auto room = std::make_shared<answer_room>(100);
  auto first = std::make_unique<answer_share>(room);
  answer_share second{room};
  BOOST_TEST(gets(second, 50));
  BOOST_TEST(gets(*first, 500));
  BOOST_TEST(gets(*first, 500));
  BOOST_TEST(!gets(second, 1));
  first->shrink_to(10); // its result is not on disk yet
  BOOST_TEST(gets(second, 20));
  BOOST_TEST(!gets(second, 30));
  first.reset();
  BOOST_TEST(gets(second, 300));
  BOOST_TEST(room->used() == 370U);
}

BOOST_AUTO_TEST_CASE(who_waits_goes_on_when_there_is_room) {
  const auto room = std::make_shared<answer_room>(100);
  auto first = std::make_unique<answer_share>(room);
  BOOST_TEST(gets(*first, 200));
  answer_share second{room};
  std::atomic<bool> got{false};
  std::thread waits{[&] { got = second.grow(10, late(), never); }};
  while (room->waiting() == 0) std::this_thread::yield();
  first.reset();
  waits.join();
  BOOST_TEST(got);
  BOOST_TEST(room->used() == 10U);
}

BOOST_AUTO_TEST_CASE(who_waits_is_told_no_when_the_call_was_ended) {
  const auto room = std::make_shared<answer_room>(100);
  answer_share first{room};
  BOOST_TEST(gets(first, 200));
  answer_share second{room};
  BOOST_TEST(!second.grow(10, late(), [] { return true; }));
  BOOST_TEST(room->used() == 200U);
  BOOST_TEST(room->waiting() == 0U);
}

BOOST_AUTO_TEST_SUITE_END()
