#include "actors/work/dispatcher/rejection_streak.hpp"

#include <boost/test/unit_test.hpp>

using perennial::actors::rejection_streak;

BOOST_AUTO_TEST_SUITE(rejection_streaks)

namespace {

/// How many results of this kind it takes until the batch should be paused; 0: more than 100.
int until_pause(rejection_streak& s, bool ok, uint16_t code) {
  for (int n = 1; n <= 100; ++n) {
    if (s.on_result(ok, code)) return n;
  }
  return 0;
}

} // namespace

BOOST_AUTO_TEST_CASE(twenty_equal_rejections_pause_once) {
  rejection_streak s;
  BOOST_TEST(until_pause(s, false, 400) == 20);
  BOOST_TEST(until_pause(s, false, 400) == 0); // it was told; the pause is being written
}

BOOST_AUTO_TEST_CASE(another_code_begins_anew) {
  rejection_streak s;
  for (int i = 0; i < 19; ++i) BOOST_TEST(!s.on_result(false, 400));
  BOOST_TEST(!s.on_result(false, 404));
  BOOST_TEST(until_pause(s, false, 400) == 20);
}

BOOST_AUTO_TEST_CASE(a_mix_of_codes_never_pauses) {
  rejection_streak s;
  for (int i = 0; i < 1000; ++i) BOOST_TEST(!s.on_result(false, i % 2 == 0 ? 400 : 404));
}

BOOST_AUTO_TEST_CASE(one_success_shows_that_the_batch_as_a_whole_is_right) {
  rejection_streak s;
  BOOST_TEST(!s.on_result(true, 200));
  BOOST_TEST(until_pause(s, false, 400) == 0);
}

BOOST_AUTO_TEST_CASE(lines_that_were_not_done_in_time_were_not_rejected) {
  rejection_streak s;
  BOOST_TEST(until_pause(s, false, perennial::storage::result_code::deadline_exceeded) == 0);
  BOOST_TEST(until_pause(s, false, 400) == 20);
}

BOOST_AUTO_TEST_CASE(who_resumes_has_seen_it) {
  rejection_streak s;
  BOOST_TEST(until_pause(s, false, 400) == 20);
  s.on_resumed();
  BOOST_TEST(until_pause(s, false, 400) == 0);
  BOOST_TEST(until_pause(s, false, 413) == 0);
}

BOOST_AUTO_TEST_SUITE_END()
