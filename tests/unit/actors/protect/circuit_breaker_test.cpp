#include "breaker_fixture.hpp"

#include <algorithm>
#include <random>
#include <vector>

using namespace perennial;
using namespace perennial::actors;
using namespace perennial::actors::test;
using namespace std::chrono_literals;

BOOST_FIXTURE_TEST_SUITE(circuit_breaker_decision, breaker_fixture)

BOOST_AUTO_TEST_CASE(a_new_breaker_lets_everything_out) {
  BOOST_TEST(is(breaker_state::closed));
  BOOST_TEST(breaker.gate().permits == unlimited_permits);
  BOOST_TEST(!breaker.next_wakeup());
  BOOST_TEST(!breaker.on_tick(now));
}

BOOST_AUTO_TEST_CASE(five_refused_connections_in_a_row_open_it) {
  for (int i = 0; i < 4; ++i) BOOST_TEST(!refused());
  auto epoch = breaker.gate().epoch;
  BOOST_TEST(refused());
  BOOST_TEST(is(breaker_state::open));
  BOOST_TEST(breaker.gate().epoch == epoch + 1);
  BOOST_TEST(breaker.gate().permits == 0);
  BOOST_TEST(breaker.gate().reason == "5 connections in a row failed: connection refused");
  BOOST_TEST((breaker.gate().next_probe == now + 10s));
}

BOOST_AUTO_TEST_CASE(any_answer_ends_a_row_of_refused_connections) {
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 4; ++i) refused();
    report(round == 1 ? call_effect::success : call_effect::failure);
  }
  BOOST_TEST(is(breaker_state::closed));
}

BOOST_AUTO_TEST_CASE(half_of_at_least_twenty_calls_failing_opens_it) {
  report(call_effect::success, 10);
  for (int i = 0; i < 9; ++i) BOOST_TEST(!report(call_effect::failure));
  BOOST_TEST(report(call_effect::failure));
  BOOST_TEST(breaker.gate().reason == "10 of the 20 calls of the last 120 s failed");
}

BOOST_AUTO_TEST_CASE(fewer_than_half_failing_leave_it_closed) {
  for (int i = 0; i < 1'000; ++i) {
    report(call_effect::success, 6);
    report(call_effect::failure, 4);
    now += 1s;
  }
  BOOST_TEST(is(breaker_state::closed));
}

BOOST_AUTO_TEST_CASE(failures_older_than_the_window_are_forgotten) {
  for (int i = 0; i < 15; ++i) report(call_effect::failure);
  now += 121s;
  report(call_effect::success);
  for (int i = 0; i < 15; ++i) report(call_effect::failure);
  BOOST_TEST(is(breaker_state::closed));
  BOOST_TEST(breaker.window(now).calls == 16u);
}

BOOST_AUTO_TEST_CASE(a_row_of_failures_opens_it_even_when_the_window_is_full_of_successes) {
  report(call_effect::success, 1'000'000);
  for (int i = 0; i < 19; ++i) BOOST_TEST(!report(call_effect::failure));
  BOOST_TEST(report(call_effect::failure));
  BOOST_TEST(breaker.gate().reason == "20 calls in a row failed");
}

BOOST_AUTO_TEST_CASE(throttles_and_refused_lines_never_count) {
  for (int i = 0; i < 10'000; ++i) BOOST_TEST(!report(call_effect::neutral));
  BOOST_TEST(is(breaker_state::closed));
  BOOST_TEST(breaker.window(now).calls == 0u);
}

BOOST_AUTO_TEST_CASE(four_slow_calls_of_five_open_it) {
  auto slow = [&](bool is_slow) {
    return breaker.on_outcome(breaker.gate().epoch,
                              {.effect = call_effect::success, .slow = is_slow}, now, middle);
  };
  for (int i = 0; i < 4; ++i) slow(false);
  for (int i = 0; i < 15; ++i) BOOST_TEST(!slow(true));
  BOOST_TEST(slow(true));
  BOOST_TEST(breaker.gate().reason == "16 of the 20 calls of the last 120 s were slow");
}

BOOST_AUTO_TEST_CASE(outcomes_of_calls_from_before_a_change_do_not_count) {
  auto before = breaker.gate().epoch;
  open();
  wait_for_trial();
  BOOST_TEST(!breaker.on_outcome(before, {.effect = call_effect::failure}, now, middle));
  BOOST_TEST(!breaker.on_outcome(before, {.effect = call_effect::success}, now, middle));
  BOOST_TEST(!breaker.on_returned(before));
  BOOST_TEST(is(breaker_state::half_open));
  BOOST_TEST(breaker.gate().permits == 1);
}

BOOST_AUTO_TEST_CASE(it_stays_open_until_its_time_and_then_tries_one_then_three_then_ten) {
  open();
  BOOST_TEST(!breaker.on_tick(now + 9'999ms));
  wait_for_trial();
  auto epoch = breaker.gate().epoch;
  for (auto stage : {1, 3, 10}) {
    BOOST_TEST(is(breaker_state::half_open));
    BOOST_TEST(breaker.gate().permits == stage);
    BOOST_TEST(breaker.gate().epoch == epoch++);
    for (int i = 1; i < stage; ++i) BOOST_TEST(!report(call_effect::success));
    BOOST_TEST(report(call_effect::success));
  }
  BOOST_TEST(is(breaker_state::closed));
  BOOST_TEST(breaker.gate().permits == unlimited_permits);
  BOOST_TEST(!breaker.next_wakeup());
}

BOOST_AUTO_TEST_CASE(a_first_call_that_fails_opens_it_for_twice_as_long_up_to_five_minutes) {
  open();
  for (auto wait : {10s, 20s, 40s, 80s, 160s, 300s, 300s}) {
    BOOST_TEST((*breaker.next_wakeup() - now == wait));
    wait_for_trial();
    BOOST_TEST(report(call_effect::failure));
    BOOST_TEST(is(breaker_state::open));
  }
}

BOOST_AUTO_TEST_CASE(a_trial_bears_fewer_failures_than_half_as_a_closed_breaker_does) {
  open();
  wait_for_trial();
  report(call_effect::success);
  BOOST_TEST(!report(call_effect::failure));
  BOOST_TEST(report(call_effect::success, 2)); // on to the last stage
  BOOST_TEST(!report(call_effect::failure, 4));
  BOOST_TEST(!report(call_effect::success, 5));
  BOOST_TEST(report(call_effect::success));
  BOOST_TEST(is(breaker_state::closed));
}

BOOST_AUTO_TEST_CASE(half_of_a_later_stage_failing_opens_it_for_as_short_as_at_first) {
  open();
  for (int i = 0; i < 3; ++i) { // the wait grows
    wait_for_trial();
    report(call_effect::failure);
  }
  for (uint32_t succeeding : {1u, 5u}) {
    wait_for_trial();
    report(call_effect::success);
    if (succeeding == 5) report(call_effect::success, 3);
    report(call_effect::success, succeeding);
    const auto stage = succeeding == 5 ? 10 : 3;
    for (int i = 1; i < (stage + 1) / 2; ++i) BOOST_TEST(!report(call_effect::failure));
    BOOST_TEST(report(call_effect::failure));
    BOOST_TEST(is(breaker_state::open));
    BOOST_TEST((*breaker.next_wakeup() - now == 10s));
  }
  BOOST_TEST(breaker.gate().reason == "5 of 10 trial calls failed");
}

BOOST_AUTO_TEST_CASE(a_provider_that_fails_a_third_of_its_calls_is_closed_again_within_minutes) {
  std::mt19937_64 random{7};
  std::vector<std::chrono::seconds> times;
  for (int round = 0; round < 200; ++round) {
    breaker = circuit_breaker{};
    open();
    const auto begin = now;
    while (!is(breaker_state::closed)) {
      if (is(breaker_state::open)) wait_for_trial();
      report(random() % 10 < 3 ? call_effect::failure : call_effect::success);
    }
    times.push_back(std::chrono::duration_cast<std::chrono::seconds>(now - begin));
  }
  std::sort(times.begin(), times.end());
  BOOST_TEST(times[100].count() <= 20);
  BOOST_TEST(times[190].count() <= 240);
}

BOOST_AUTO_TEST_CASE(it_opens_for_longer_again_soon_after_closing_and_shortly_once_calm) {
  open();
  close();
  now += 10s;
  open();
  BOOST_TEST((*breaker.next_wakeup() - now == 20s));
  close();
  now += 120s;
  open();
  BOOST_TEST((*breaker.next_wakeup() - now == 10s));
}

BOOST_AUTO_TEST_CASE(the_open_time_is_spread_by_a_fifth_either_way) {
  for (auto [jitter, wait] : {std::pair{0.0, 8'000ms}, {0.25, 9'000ms}, {0.75, 11'000ms}}) {
    circuit_breaker other;
    counted_call call{.effect = call_effect::failure, .connection_failure = true, .calls = 5};
    BOOST_TEST(other.on_outcome(other.gate().epoch, call, now, jitter));
    BOOST_TEST((*other.next_wakeup() - now == wait));
  }
}

BOOST_AUTO_TEST_CASE(a_trial_that_says_nothing_gives_its_permit_back) {
  open();
  wait_for_trial();
  permit_counter out;
  auto push = [&] { out.on_gate(breaker.gate().epoch, breaker.gate().permits); };
  push();
  for (int i = 0; i < 5; ++i) {
    BOOST_TEST(out.available() == 1);
    auto epoch = out.take();
    BOOST_TEST(out.available() == 0);
    if (i % 2 == 0)
      BOOST_TEST(breaker.on_outcome(epoch, {.effect = call_effect::neutral}, now, middle));
    else
      BOOST_TEST(breaker.on_returned(epoch));
    push();
    push(); // twice is once
  }
  BOOST_TEST(is(breaker_state::half_open));
  auto epoch = out.take();
  BOOST_TEST(breaker.on_outcome(epoch, {.effect = call_effect::success}, now, middle));
  push();
  BOOST_TEST(out.available() == 3);
}

BOOST_AUTO_TEST_CASE(a_reset_closes_it_and_begins_a_new_epoch) {
  open();
  auto epoch = breaker.gate().epoch;
  BOOST_TEST(breaker.reset(now));
  BOOST_TEST(is(breaker_state::closed));
  BOOST_TEST(breaker.gate().epoch == epoch + 1);
  BOOST_TEST(!breaker.next_wakeup());
  open();
  BOOST_TEST((*breaker.next_wakeup() - now == 10s));
}

BOOST_AUTO_TEST_CASE(a_reset_of_a_closed_one_forgets_what_was_counted_and_changes_nothing) {
  for (int i = 0; i < 4; ++i) refused();
  const auto epoch = breaker.gate().epoch;
  BOOST_TEST(!breaker.reset(now));
  BOOST_TEST(breaker.gate().epoch == epoch);
  BOOST_TEST(breaker.history().empty());
  BOOST_TEST(!refused()); // the first in a row again
}

BOOST_AUTO_TEST_CASE(the_last_twenty_changes_are_kept_with_their_reasons) {
  open();
  close();
  const auto& seen = breaker.history();
  BOOST_REQUIRE(seen.size() == 3u);
  BOOST_TEST((seen[0].from == breaker_state::closed && seen[0].to == breaker_state::open));
  BOOST_TEST(seen[0].reason == "5 connections in a row failed: connection refused");
  BOOST_TEST((seen[1].to == breaker_state::half_open));
  BOOST_TEST((seen[2].to == breaker_state::closed));
  for (int i = 0; i < 30; ++i) {
    open();
    close();
  }
  BOOST_TEST(breaker.history().size() == 20u);
  BOOST_TEST((breaker.history().back().when == now));
}

// A supervisor that admits by the gate, a provider that is up and down, calls that end in any
// order.
BOOST_AUTO_TEST_CASE(whatever_happens_an_open_breaker_lets_nothing_out_and_a_trial_no_crowd) {
  for (uint32_t seed = 1; seed <= 50; ++seed) {
    std::mt19937 random{seed};
    auto chance = [&](double p) { return std::uniform_real_distribution{}(random) < p; };
    circuit_breaker tested;
    permit_counter out;
    std::vector<uint32_t> flying; // epochs
    uint64_t in_epoch = 0;        // let out in this epoch and not given back
    auto push = [&](bool changed) {
      if (!changed) return;
      if (tested.gate().epoch != out.epoch()) in_epoch = 0;
      out.on_gate(tested.gate().epoch, tested.gate().permits);
    };
    push(true);
    bool up = true;
    for (int step = 0; step < 5'000; ++step) {
      if (chance(0.002)) up = !up;
      now += std::chrono::milliseconds{random() % 200};
      push(tested.on_tick(now));
      while (flying.size() < 64 && out.available() > 0) {
        flying.push_back(out.take());
        ++in_epoch;
      }
      if (tested.gate().state == breaker_state::open) BOOST_REQUIRE(out.available() == 0);
      if (tested.gate().state == breaker_state::half_open) BOOST_REQUIRE(in_epoch <= 10u);
      if (flying.empty()) continue;
      std::swap(flying[random() % flying.size()], flying.back());
      auto epoch = flying.back();
      flying.pop_back();
      auto returned = chance(0.05);
      auto effect = chance(0.1) ? call_effect::neutral
                    : up        ? call_effect::success
                                : call_effect::failure;
      auto was = tested.gate().epoch;
      if (epoch == was && (returned || effect == call_effect::neutral)) --in_epoch;
      auto changed = returned ? tested.on_returned(epoch)
                              : tested.on_outcome(epoch, {.effect = effect}, now,
                                                  std::uniform_real_distribution{}(random));
      if (epoch != was) BOOST_REQUIRE(!changed);
      push(changed);
    }
    // Once the provider is up for good, it closes.
    for (int step = 0; step < 2'000 && tested.gate().state != breaker_state::closed; ++step) {
      now += 1s;
      push(tested.on_tick(now));
      if (out.available() > 0) flying.push_back(out.take());
      if (flying.empty()) continue;
      push(tested.on_outcome(flying.back(), {.effect = call_effect::success}, now, middle));
      flying.pop_back();
    }
    BOOST_TEST((tested.gate().state == breaker_state::closed));
  }
}

BOOST_AUTO_TEST_SUITE_END()
