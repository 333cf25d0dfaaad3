#include "actors/protect/throttle.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <random>
#include <vector>

using namespace perennial;
using namespace perennial::actors;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(throttle_decision)

namespace {

constexpr steady_time start{1h};

/// Of requests; nothing of tokens.
rate_limits told(uint64_t limit, uint64_t remaining, std::chrono::milliseconds reset) {
  rate_limits out;
  out.limit_requests = limit;
  out.remaining_requests = remaining;
  out.reset_requests = reset;
  return out;
}

call_timing sent_at(steady_time sent) { return {.sent = sent, .in_flight = 20}; }

} // namespace

BOOST_AUTO_TEST_CASE(without_limits_only_the_calls_in_flight_are_bounded) {
  throttle tested{{.concurrency = {.fixed = 64}}, start};
  BOOST_TEST(tested.permits().in_flight == 64u);
  BOOST_TEST(tested.permits().calls == unlimited_permits);
  BOOST_TEST(!tested.permits().paused_until);
  BOOST_TEST(!tested.on_used(1'000'000, 0, start));
  BOOST_TEST(!tested.next_wakeup(start));
}

BOOST_AUTO_TEST_CASE(a_rate_of_sixty_gives_one_call_a_second) {
  throttle tested{{.requests_per_minute = 60}, start};
  BOOST_TEST(tested.permits().calls == 1);
  BOOST_TEST(!tested.next_wakeup(start)); // unused, it is all there is
  BOOST_TEST(!tested.on_tick(start + 10s));
  BOOST_TEST(!tested.on_used(1, 0, start + 10s));
  BOOST_TEST((*tested.next_wakeup(start + 10s) == start + 11s));
  BOOST_TEST(!tested.on_tick(start + 11s - 1ns));
  BOOST_TEST(tested.on_tick(start + 11s));
  BOOST_TEST(tested.permits().calls == 2);
}

BOOST_AUTO_TEST_CASE(a_rate_that_one_call_used_up_for_long_says_until_when) {
  throttle tested{{.tokens_per_minute = 600}, start};
  BOOST_TEST(!tested.on_used(1, 100, start));  // 10 at once, and 90 more that come at 10 a second
  BOOST_TEST(!tested.permits().used_up_until); // 9.1 s are not worth telling of
  BOOST_TEST(tested.on_used(1, 900, start));
  BOOST_REQUIRE(tested.permits().used_up_until.has_value());
  BOOST_TEST((*tested.permits().used_up_until == start + 99s + 100ms));
  BOOST_TEST((*tested.next_wakeup(start) == start + 99s + 100ms)); // and nobody wakes before
  BOOST_TEST(tested.on_tick(start + 99s + 100ms));                 // all at once, as the actor does
  BOOST_TEST(!tested.permits().used_up_until);
  BOOST_TEST(tested.permits().tokens == 1'001);
}

BOOST_AUTO_TEST_CASE(a_debt_of_many_minutes_is_paid_off_in_as_many_however_often_it_is_looked_at) {
  for (const auto step : {7s, 61s, 1000s}) {
    throttle tested{{.tokens_per_minute = 600}, start};
    tested.on_used(1, 9'010, start);
    BOOST_TEST((*tested.permits().used_up_until == start + 15min + 100ms));
    for (auto at = start; at < start + 15min; at += step) tested.on_tick(at);
    BOOST_TEST((*tested.permits().used_up_until == start + 15min + 100ms)); // shortly before, too
    tested.on_tick(start + 15min + 100ms);
    BOOST_TEST(!tested.permits().used_up_until);
    BOOST_TEST(tested.permits().tokens == 9'011);
  }
}

BOOST_AUTO_TEST_CASE(resumed_by_hand_it_owes_nothing_for_what_calls_cost) {
  throttle tested{{.tokens_per_minute = 600}, start};
  BOOST_TEST(tested.on_used(1, 1'000'000, start));
  BOOST_REQUIRE(tested.permits().used_up_until.has_value());
  BOOST_TEST(tested.resume(start));
  BOOST_TEST(!tested.permits().used_up_until);
  BOOST_TEST(!tested.on_tick(start + 50ms));
  BOOST_TEST(tested.on_tick(start + 100ms));
  BOOST_TEST(tested.permits().tokens == 1'000'000 + 1); // as fast as the rate, from here on
}

BOOST_AUTO_TEST_CASE(no_debt_is_too_large_for_the_clock) {
  throttle tested{{.tokens_per_minute = 1}, start};
  tested.on_used(1, 2'000'000'000'000, start);
  BOOST_TEST((*tested.permits().used_up_until > start + 24h));
}

BOOST_AUTO_TEST_CASE(a_high_rate_wakes_nobody_for_every_single_call) {
  throttle tested{{.requests_per_minute = 60'000}, start};
  BOOST_TEST(tested.permits().calls == 1'000);
  tested.on_used(1'000, 0, start);
  BOOST_TEST((*tested.next_wakeup(start) == start + 50ms));
  BOOST_TEST(tested.on_tick(start + 50ms));
  BOOST_TEST(tested.permits().calls == 1'050);
}

BOOST_AUTO_TEST_CASE(a_429_with_a_wait_pauses_until_then) {
  throttle tested{{}, start};
  BOOST_TEST(tested.on_throttled(7s, sent_at(start), start + 1s));
  BOOST_TEST((*tested.permits().paused_until == start + 8s));
  BOOST_TEST((*tested.next_wakeup(start + 1s) == start + 8s));
  BOOST_TEST(!tested.on_throttled(3s, sent_at(start), start + 2s)); // a shorter one changes nothing
  BOOST_TEST((*tested.permits().paused_until == start + 8s));
  BOOST_TEST(!tested.on_tick(start + 8s - 1ms));
  BOOST_TEST(tested.on_tick(start + 8s));
  BOOST_TEST(!tested.permits().paused_until);
}

BOOST_AUTO_TEST_CASE(a_429_without_a_wait_pauses_a_second_doubling_to_a_minute) {
  throttle tested{{}, start};
  auto now = start;
  for (auto pause : {1s, 2s, 4s, 8s, 16s, 32s, 60s, 60s}) {
    tested.on_throttled({}, sent_at(now), now);
    BOOST_REQUIRE(tested.permits().paused_until);
    BOOST_TEST((*tested.permits().paused_until == now + pause));
    now += pause;
    BOOST_TEST(tested.on_tick(now));
  }
  tested.on_success(sent_at(now - 61s), now); // of a call from before the pause: says nothing
  tested.on_throttled({}, sent_at(now), now);
  BOOST_TEST((*tested.permits().paused_until == now + 60s));
  now += 60s;
  tested.on_success(sent_at(now), now + 1s);
  tested.on_throttled({}, sent_at(now), now + 1s);
  BOOST_TEST((*tested.permits().paused_until == now + 2s));
}

BOOST_AUTO_TEST_CASE(many_429s_of_one_moment_make_one_pause) {
  throttle tested{{}, start};
  for (int i = 0; i < 500; ++i) tested.on_throttled({}, sent_at(start), start + i * 1ms + 1ms);
  BOOST_TEST((*tested.permits().paused_until == start + 1s + 1ms));
  tested.on_throttled(0s, sent_at(start), start + 30s); // a late one, its wait is no wait
  BOOST_TEST(!tested.permits().paused_until);
}

BOOST_AUTO_TEST_CASE(an_absurd_wait_is_cut_to_a_day) {
  throttle tested{{}, start};
  tested.on_throttled(std::chrono::milliseconds::max(), sent_at(start), start);
  BOOST_TEST((*tested.permits().paused_until == start + 24h));
}

BOOST_AUTO_TEST_CASE(throttles_and_overload_take_a_tenth_of_the_calls_in_flight) {
  throttle tested{{}, start};
  BOOST_TEST(tested.permits().in_flight == 20u);
  BOOST_TEST(tested.on_overload(sent_at(start), start));
  BOOST_TEST(tested.permits().in_flight == 18u);
  BOOST_TEST(!tested.permits().paused_until);
  tested.on_throttled(1s, sent_at(start + 2s), start + 3s);
  BOOST_TEST(tested.permits().in_flight == 16u);
}

// A supervisor that uses its permits late and in bursts, and reports late.
BOOST_AUTO_TEST_CASE(no_minute_ever_sees_more_than_the_rate_and_one_burst) {
  for (uint32_t seed = 1; seed <= 60; ++seed) {
    std::mt19937 random{seed};
    std::uniform_int_distribution<uint32_t> rates{1, seed % 3 == 0 ? 5'000u : 90u};
    auto rate = rates(random);
    throttle tested{{.requests_per_minute = rate}, start};
    permit_counter out;
    std::vector<steady_time> sent;
    uint32_t unreported = 0;
    auto now = start;
    auto end = start + 10min;
    auto greedy = random() % 2 == 0;
    while (now < end) {
      now += std::chrono::microseconds{random() % 1'000'000};
      if (random() % 50 == 0) now += 45s;
      tested.on_tick(now);
      if (random() % 4 != 0) out.on_gate(1, tested.permits().calls);
      while (out.available() > 0 && (greedy || random() % 3 != 0)) {
        out.take();
        sent.push_back(now);
        ++unreported;
      }
      if (random() % 3 == 0) {
        tested.on_used(unreported, 0, now);
        unreported = 0;
      }
    }
    auto burst = std::max(1u, rate / 60);
    for (size_t first = 0, last = 0; last < sent.size(); ++last) {
      while (sent[last] - sent[first] > 60s) ++first;
      BOOST_REQUIRE(last - first + 1 <= rate + burst);
    }
  }
}

BOOST_AUTO_TEST_CASE(the_whole_rate_can_be_used) {
  for (auto rate : {1u, 7u, 60u, 500u, 59'999u, 1'000'000u}) {
    throttle tested{{.requests_per_minute = rate}, start};
    int64_t used = 0;
    auto now = start;
    while (now < start + 10min) {
      auto fresh = static_cast<uint32_t>(tested.permits().calls - used);
      used += fresh;
      tested.on_used(fresh, 0, now);
      now = std::max(*tested.next_wakeup(now), now + 1us);
      tested.on_tick(now);
    }
    auto ideal = 10.0 * rate;
    BOOST_TEST(static_cast<double>(used) >= ideal * 0.999);
    BOOST_TEST(static_cast<double>(used) <= ideal + std::max(1u, rate / 60) + 1);
  }
}

// -- few 429s

BOOST_AUTO_TEST_CASE(where_few_calls_meet_a_429_the_pause_is_a_tenth) {
  throttle tested{{}, start};
  tested.on_success({.sent = start, .in_flight = 20, .calls = 99}, start);
  tested.on_throttled({}, sent_at(start), start + 1s);
  BOOST_TEST((*tested.permits().paused_until == start + 1s + 100ms));
  // And doubles while nothing succeeds in between.
  tested.on_throttled({}, sent_at(start + 2s), start + 2s);
  BOOST_TEST((*tested.permits().paused_until == start + 2s + 200ms));
}

BOOST_AUTO_TEST_CASE(from_a_twentieth_of_429s_on_the_pause_is_a_whole_second) {
  throttle tested{{}, start};
  tested.on_success({.sent = start, .in_flight = 20, .calls = 90}, start);
  auto now = start;
  for (int i = 0; i < 6; ++i) {
    now += 20s;
    tested.on_throttled({}, sent_at(now), now);
    now += 20s;
    tested.on_tick(now);
    tested.on_success(sent_at(now), now);
  }
  tested.on_throttled({}, sent_at(now), now);
  BOOST_TEST((*tested.permits().paused_until == now + 1s));
}

BOOST_AUTO_TEST_CASE(before_twenty_calls_nothing_is_known_to_be_few) {
  throttle tested{{}, start};
  tested.on_success({.sent = start, .in_flight = 20, .calls = 19}, start);
  tested.on_throttled({}, sent_at(start), start);
  BOOST_TEST((*tested.permits().paused_until == start + 1s));
}

// -- tokens

BOOST_AUTO_TEST_CASE(tokens_a_minute_bound_calls_and_one_call_may_go_beyond) {
  throttle tested{{.tokens_per_minute = 6'000}, start};
  permit_counter out;
  out.on_gate(1, tested.permits().tokens);
  BOOST_TEST(out.available() == 100);
  out.take(1'000);
  tested.on_used(1, 1'000, start);
  BOOST_TEST(out.available() == 0);
  BOOST_TEST(tested.permits().calls == unlimited_permits);
  for (auto now = start; now < start + 9s; now += 50ms) tested.on_tick(now);
  out.on_gate(1, tested.permits().tokens);
  BOOST_TEST(out.available() == 0); // 900 of the 1,000 are back
  tested.on_tick(start + 10s);
  out.on_gate(1, tested.permits().tokens);
  BOOST_TEST(out.available() == 100);
}

BOOST_AUTO_TEST_CASE(tokens_that_were_guessed_and_not_used_are_given_back) {
  throttle tested{{.tokens_per_minute = 6'000}, start};
  permit_counter out;
  out.on_gate(1, tested.permits().tokens);
  out.take(5'000);
  tested.on_used(1, 5'000, start);
  out.take(-4'950);
  tested.on_used(0, -4'950, start + 1ms);
  tested.on_tick(start + 2s);
  out.on_gate(1, tested.permits().tokens);
  BOOST_TEST(out.available() == 100);
}

BOOST_AUTO_TEST_CASE(no_ten_minutes_see_more_tokens_than_the_rate_and_what_one_call_takes) {
  std::mt19937 random{7};
  throttle tested{{.tokens_per_minute = 60'000}, start};
  permit_counter out;
  int64_t used = 0;
  for (auto now = start; now < start + 10min; now += 20ms) {
    tested.on_tick(now);
    out.on_gate(1, tested.permits().tokens);
    if (out.available() <= 0) continue;
    const auto guess = static_cast<int64_t>(random() % 3'000);
    const auto truth = static_cast<int64_t>(random() % 3'000);
    out.take(guess);
    tested.on_used(1, guess, now);
    out.take(truth - guess);
    tested.on_used(0, truth - guess, now);
    used += truth;
  }
  BOOST_TEST(used <= 600'000 + 1'000 + 3'000);
  BOOST_TEST(used >= 590'000);
}

// -- what is learned

BOOST_AUTO_TEST_CASE(an_answer_that_says_that_nothing_is_left_pauses_before_there_is_a_429) {
  throttle tested{{}, start};
  BOOST_TEST(!tested.on_limits(told(500, 1, 90s), start));
  BOOST_TEST(tested.on_limits(told(500, 0, 3s), start + 1s));
  BOOST_TEST((*tested.permits().paused_until == start + 4s));
  BOOST_TEST(tested.on_tick(start + 4s));
  BOOST_TEST(!tested.permits().paused_until);
}

BOOST_AUTO_TEST_CASE(a_learned_rate_is_kept_to_and_a_configured_one_goes_before_it) {
  const auto limits = told(60, 30, 30s);
  throttle tested{{}, start};
  tested.on_used(500, 0, start); // before anything was known
  BOOST_TEST(tested.on_limits(limits, start));
  BOOST_TEST(tested.requests_per_minute() == 60u);
  BOOST_TEST(tested.permits().calls == 501);
  throttle configured{{.requests_per_minute = 600}, start};
  configured.on_limits(limits, start);
  BOOST_TEST(configured.requests_per_minute() == 600u);
  throttle restarted{{}, start, tested.learned()};
  BOOST_TEST(restarted.requests_per_minute() == 60u);
  BOOST_TEST(restarted.permits().calls == 1);
}

BOOST_AUTO_TEST_CASE(other_rates_are_taken_over_while_it_runs) {
  throttle tested{{.requests_per_minute = 60}, start};
  tested.on_used(1, 0, start);
  tested.set_rates(6'000, 0, start + 500ms);
  BOOST_TEST(tested.permits().calls <= 101);
  tested.on_tick(start + 3s);
  BOOST_TEST(tested.permits().calls == 101); // one was used, a second's worth may wait
  BOOST_TEST(tested.set_rates(0, 0, start + 3s));
  BOOST_TEST(tested.permits().calls == unlimited_permits);
}

BOOST_AUTO_TEST_CASE(what_was_learned_is_told_once_and_not_where_it_keeps_changing) {
  throttle tested{{}, start};
  BOOST_TEST(!tested.take_news().has_value());
  tested.on_limits(told(60, 30, 30s), start);
  const auto news = tested.take_news();
  BOOST_REQUIRE(news.has_value());
  BOOST_TEST(news->requests.limit == 60U);
  tested.on_limits(told(60, 30, 20s), start);
  BOOST_TEST(!tested.take_news().has_value());
  int told_of = 0;
  for (int i = 0; i < 100; ++i) { // two models with a limit each
    tested.on_limits(told(i % 2 == 0 ? 500 : 60, 30, 30s), start);
    if (const auto n = tested.take_news()) {
      ++told_of;
      if (told_of == 4) BOOST_TEST(n->requests.limit == 0U);
    }
  }
  BOOST_TEST(told_of == 4);
}

BOOST_AUTO_TEST_SUITE_END()
