// How long calls take, and whether there is a connection at all: what a breaker makes of both.
#include "breaker_fixture.hpp"

#include <algorithm>
#include <random>
#include <vector>

using namespace perennial;
using namespace perennial::actors;
using namespace perennial::actors::test;
using namespace std::chrono_literals;

BOOST_FIXTURE_TEST_SUITE(circuit_breaker_times, breaker_fixture)

BOOST_AUTO_TEST_CASE(long_good_calls_open_it_when_they_are_four_fifths_of_the_window) {
  const auto took = [&](std::chrono::milliseconds d) {
    now += 10ms;
    return breaker.on_outcome(breaker.gate().epoch, {.effect = call_effect::success, .took = d},
                              now, middle);
  };
  for (int i = 0; i < 500; ++i) BOOST_TEST(!took(1s));
  BOOST_TEST((breaker.slow_from() == 60s)); // three times the median is less
  now += 5min;                              // out of the window, and not forgotten
  for (int i = 0; i < 5; ++i) BOOST_TEST(!took(1s));
  for (int i = 0; i < 19; ++i) BOOST_REQUIRE(!took(61s));
  BOOST_TEST(took(61s)); // 20 of 25
  BOOST_TEST(is(breaker_state::open));
  BOOST_TEST(breaker.gate().reason.find("were slow") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(what_is_usual_for_a_model_is_not_slow_however_long_it_takes) {
  for (int i = 0; i < 1'000; ++i) {
    now += 1s;
    breaker.on_outcome(breaker.gate().epoch, {.effect = call_effect::success, .took = 3min}, now,
                       middle);
    BOOST_REQUIRE(is(breaker_state::closed));
  }
  BOOST_TEST((breaker.slow_from() >= 9min));
}

BOOST_AUTO_TEST_CASE(the_window_is_twice_as_long_as_the_longest_calls) {
  for (int i = 0; i < 30; ++i) {
    now += 100ms;
    breaker.on_outcome(breaker.gate().epoch, {.effect = call_effect::success, .took = 4min}, now,
                       middle);
  }
  now += 2s;
  report(call_effect::success);
  now += 5min; // beyond two minutes, within twice four
  BOOST_TEST(breaker.window(now).calls == 31u);
  now += 6min;
  BOOST_TEST(breaker.window(now).calls == 0u);
}

// -- calls that are cut at a deadline of their own line

namespace {

/// A call that was out for so long without a byte.
counted_call cut_after(std::chrono::milliseconds took, steady_time now) {
  return {.effect = call_effect::failure, .silent = true, .took = took, .sent = now - took};
}

} // namespace

BOOST_AUTO_TEST_CASE(
  calls_that_are_cut_sooner_than_answers_take_say_nothing_while_others_get_some) {
  for (int i = 0; i < 1'000; ++i) {
    now += 300ms;
    for (int n = 0; n < 4; ++n)
      BOOST_REQUIRE(!breaker.on_outcome(breaker.gate().epoch, cut_after(300ms, now), now, middle));
    if (i % 4 > 0) continue; // two gaps longer than a second, too
    const counted_call good{.effect = call_effect::success, .took = 1s};
    BOOST_REQUIRE(!breaker.on_outcome(breaker.gate().epoch, good, now, middle));
  }
}

BOOST_AUTO_TEST_CASE(calls_that_are_cut_late_say_nothing_either_while_others_are_answered) {
  for (int i = 0; i < 1'000; ++i) {
    now += 25ms;
    const counted_call good{.effect = call_effect::success, .took = 100ms};
    BOOST_REQUIRE(!breaker.on_outcome(breaker.gate().epoch, good, now, middle));
    for (int n = 0; n < 2; ++n)
      BOOST_REQUIRE(!breaker.on_outcome(breaker.gate().epoch, cut_after(1s, now), now, middle));
  }
}

BOOST_AUTO_TEST_CASE(lines_that_hang_for_one_round_of_all_calls_are_no_provider_that_hangs) {
  for (int i = 0; i < 100; ++i) {
    now += 10ms;
    breaker.on_outcome(breaker.gate().epoch, {.effect = call_effect::success, .took = 100ms}, now,
                       middle);
  }
  now += 1s;
  for (int n = 0; n < 40; ++n)
    BOOST_TEST(!breaker.on_outcome(breaker.gate().epoch, cut_after(1s, now), now, middle));
}

BOOST_AUTO_TEST_CASE(calls_that_are_cut_have_failed_where_nobody_is_answered_for_thrice_the_usual) {
  for (int i = 0; i < 100; ++i) {
    now += 10ms;
    breaker.on_outcome(breaker.gate().epoch, {.effect = call_effect::success, .took = 1s}, now,
                       middle);
  }
  const auto began = now;
  for (int i = 0; i < 1'000 && is(breaker_state::closed); ++i) {
    now += 100ms;
    breaker.on_outcome(breaker.gate().epoch, cut_after(100ms, now), now, middle);
  }
  BOOST_TEST(is(breaker_state::open));
  BOOST_TEST((now - began >= 3s + 1'900ms)); // three seconds, and 20 calls from there on
  BOOST_TEST((now - began <= 6s));           // what is usual is known to a fifth
}

BOOST_AUTO_TEST_CASE(where_nobody_has_ever_been_answered_five_times_what_they_took_is_a_hang) {
  const auto began = now - 300ms;
  for (int i = 0; i < 1'000 && is(breaker_state::closed); ++i) {
    for (int n = 0; n < 20; ++n) breaker.on_outcome(1, cut_after(300ms, now), now, middle);
    if (is(breaker_state::closed)) now += 300ms;
  }
  BOOST_TEST(is(breaker_state::open));
  BOOST_TEST((now - began == 1'500ms));
}

BOOST_AUTO_TEST_CASE(a_time_without_calls_is_no_silence) {
  for (int n = 0; n < 5; ++n) breaker.on_outcome(1, cut_after(100ms, now), now, middle);
  now += 6s;
  for (int n = 0; n < 40; ++n)
    BOOST_TEST(!breaker.on_outcome(1, cut_after(100ms, now), now, middle));
}

BOOST_AUTO_TEST_CASE(where_calls_are_rare_the_times_that_they_were_out_add_up) {
  for (int n = 0; n < 23; ++n) { // the first four say nothing: five times two seconds are too few
    now += 6s;
    BOOST_TEST(!breaker.on_outcome(1, cut_after(2s, now), now, middle));
  }
  BOOST_TEST(is(breaker_state::closed));
  BOOST_TEST(breaker.on_outcome(1, cut_after(2s, now + 6s), now + 6s, middle));
  BOOST_TEST(is(breaker_state::open));
}

BOOST_AUTO_TEST_CASE(short_calls_beside_long_ones_hide_no_silence) {
  for (int n = 0; n < 10; ++n) {
    now += 3s;
    BOOST_TEST(!breaker.on_outcome(1, cut_after(10ms, now), now, middle));
  }
  for (int n = 0; n < 20; ++n) breaker.on_outcome(1, cut_after(30s, now), now, middle);
  BOOST_TEST(is(breaker_state::open));
}

BOOST_AUTO_TEST_CASE(a_provider_that_hangs_fails_a_trial_with_the_first_line_that_is_cut) {
  while (is(breaker_state::closed)) {
    for (int n = 0; n < 20; ++n)
      breaker.on_outcome(breaker.gate().epoch, cut_after(5s, now), now, middle);
    now += 5s;
  }
  for (int trial = 0; trial < 3; ++trial) {
    wait_for_trial();
    now += 5s;
    BOOST_TEST(breaker.on_outcome(breaker.gate().epoch, cut_after(5s, now), now, middle));
    BOOST_TEST(is(breaker_state::open));
  }
}

BOOST_AUTO_TEST_CASE(half_a_minute_without_an_answer_is_a_hang_however_long_the_deadline) {
  for (int n = 0; n < 20; ++n) breaker.on_outcome(1, cut_after(30s, now), now, middle);
  BOOST_TEST(is(breaker_state::open));
}

BOOST_AUTO_TEST_CASE(a_trial_that_is_cut_while_others_are_answered_gives_its_permit_back) {
  open();
  wait_for_trial();
  const counted_call good{.effect = call_effect::success, .took = 1s};
  BOOST_TEST(breaker.on_outcome(breaker.gate().epoch, good, now, middle));
  BOOST_TEST(breaker.gate().permits == 3);
  now += 300ms;
  BOOST_TEST(breaker.on_outcome(breaker.gate().epoch, cut_after(300ms, now), now, middle));
  BOOST_TEST(is(breaker_state::half_open));
  BOOST_TEST(breaker.gate().permits == 4);
}

// -- an outage that one line has seen

BOOST_AUTO_TEST_CASE(a_failure_that_shows_an_outage_opens_it_at_once) {
  BOOST_TEST(!report(call_effect::failure));
  const counted_call last{.effect = call_effect::failure, .outage = true, .detail = "503"};
  BOOST_TEST(breaker.on_outcome(breaker.gate().epoch, last, now, middle));
  BOOST_TEST(is(breaker_state::open));
  BOOST_TEST(breaker.gate().reason.find("nobody was answered meanwhile") != std::string::npos);
}

// -- the mere connection

BOOST_AUTO_TEST_CASE(a_connection_that_is_made_again_begins_the_trial_calls_at_once) {
  BOOST_TEST(!breaker.wants_probe());
  open();
  BOOST_TEST(breaker.wants_probe());
  BOOST_TEST(!breaker.on_probe(false, now + 1s));
  BOOST_TEST(breaker.on_probe(true, now + 2s));
  BOOST_TEST(is(breaker_state::half_open));
  BOOST_TEST(breaker.gate().permits == 1);
  BOOST_TEST(!breaker.wants_probe());
}

BOOST_AUTO_TEST_CASE(a_provider_that_could_be_connected_to_all_the_time_ends_no_wait_early) {
  open(); // TLS, say: the connection itself is made
  const auto due = *breaker.next_wakeup();
  BOOST_TEST(!breaker.on_probe(true, now));
  BOOST_TEST(is(breaker_state::open));
  BOOST_TEST(!breaker.wants_probe());
  BOOST_TEST((breaker.next_wakeup() == due));
}

BOOST_AUTO_TEST_CASE(a_breaker_that_opened_for_another_reason_wants_no_connection) {
  for (int i = 0; i < 20; ++i) report(call_effect::failure);
  BOOST_REQUIRE(is(breaker_state::open));
  BOOST_TEST(!breaker.wants_probe());
  BOOST_TEST(!breaker.on_probe(false, now));
  BOOST_TEST(!breaker.on_probe(true, now));
  BOOST_TEST(is(breaker_state::open));
}

BOOST_AUTO_TEST_CASE(after_an_hour_away_one_that_is_back_and_not_ready_waits_as_short_as_at_first) {
  open();
  for (int i = 0; i < 8; ++i) {
    wait_for_trial();
    refused();
  }
  BOOST_TEST((*breaker.next_wakeup() - now == 300s));
  breaker.on_probe(false, now);
  BOOST_REQUIRE(breaker.on_probe(true, now + 1s));
  now += 1s;
  report(call_effect::failure); // it answers, with a 503
  BOOST_TEST((*breaker.next_wakeup() - now == 10s));
}

BOOST_AUTO_TEST_CASE(it_counts_what_was_sent_after_it_opened_and_before_it_closed) {
  const auto ended = [&](steady_time sent, call_effect effect = call_effect::failure) {
    breaker.on_outcome(breaker.gate().epoch, {.effect = effect, .sent = sent}, now, middle);
  };
  ended(now - 1s);
  open();
  const auto opened = now;
  ended(opened - 1ms); // was out
  BOOST_TEST(breaker.sent_since_opened() == 0U);
  ended(opened + 1ms); // had not heard of it
  wait_for_trial();
  ended(now); // a trial that fails
  BOOST_TEST(is(breaker_state::open));
  BOOST_TEST(breaker.sent_since_opened() == 2U);
  close();
  const auto closed = now;
  ended(closed - 1ms, call_effect::success); // a straggler
  ended(closed + 1ms, call_effect::success);
  BOOST_TEST(breaker.sent_since_opened() == 3U);
  now += 1s;
  open();
  BOOST_TEST(breaker.sent_since_opened() == 0U);
}

BOOST_AUTO_TEST_SUITE_END()
