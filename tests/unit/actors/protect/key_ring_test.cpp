#include "actors/protect/key_ring.hpp"

#include <boost/test/unit_test.hpp>

using namespace perennial;
using namespace perennial::actors;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(a_ring_of_keys)

namespace {

constexpr steady_time now{1h};

throttle_permits room_for(uint32_t calls) {
  return {.in_flight = calls, .calls = unlimited_permits};
}

struct fixture {
  key_ring ring{3};

  fixture() {
    for (uint32_t key = 0; key < 3; ++key) ring.on_permits(key, room_for(10));
  }
  uint32_t hand_out(steady_time at = now) {
    const auto choice = ring.pick("m", at);
    BOOST_REQUIRE(choice.key);
    ring.stamp(*choice.key, "m", at);
    ring.goes_out(*choice.key, 0);
    return *choice.key;
  }
};

} // namespace

BOOST_FIXTURE_TEST_CASE(nothing_goes_out_before_a_throttle_has_spoken, fixture) {
  const key_ring fresh{2};
  BOOST_TEST(!fresh.has_room(now));
  const auto choice = fresh.pick("m", now);
  BOOST_TEST(!choice.key);
  BOOST_TEST(!choice.parked);
}

BOOST_FIXTURE_TEST_CASE(keys_share_the_load_by_the_room_that_they_have, fixture) {
  ring.on_permits(2, room_for(20));
  for (int i = 0; i < 25; ++i) hand_out();
  BOOST_TEST(ring.at(0).in_flight == 5u);
  BOOST_TEST(ring.at(1).in_flight == 5u);
  BOOST_TEST(ring.at(2).in_flight == 15u);
  for (int i = 0; i < 15; ++i) hand_out();
  BOOST_TEST(!ring.pick("m", now).key);
  ring.comes_back(1, 0);
  BOOST_TEST(hand_out() == 1u);
}

BOOST_FIXTURE_TEST_CASE(a_pause_holds_one_key_only_and_all_paused_hold_the_lines, fixture) {
  auto paused = room_for(10);
  paused.paused_until = now + 5s;
  ring.on_permits(0, paused);
  for (int i = 0; i < 10; ++i) BOOST_TEST(hand_out() != 0u);
  BOOST_TEST((ring.next_change(now) == now + 5s));
  paused.paused_until = now + 3s;
  ring.on_permits(1, paused);
  ring.on_permits(2, paused);
  const auto choice = ring.pick("m", now);
  BOOST_TEST(!choice.key);
  BOOST_TEST(!choice.parked);
  BOOST_TEST((ring.next_change(now) == now + 3s));
  BOOST_TEST(ring.pick("m", now + 3s).key.has_value());
}

BOOST_FIXTURE_TEST_CASE(used_up_rates_are_a_standstill_that_nobody_asked_for, fixture) {
  auto used_up = room_for(10);
  used_up.tokens = 0;
  used_up.used_up_until = now + 20s;
  ring.on_permits(0, used_up);
  ring.on_permits(1, used_up);
  BOOST_TEST(!ring.stopped(now).has_value());
  auto paused = room_for(10);
  paused.paused_until = now + 30s;
  ring.on_permits(2, used_up);
  BOOST_REQUIRE(ring.stopped(now).has_value());
  BOOST_TEST(!ring.stopped(now)->asked);
  ring.on_permits(2, paused); // not what ends first
  BOOST_TEST(!ring.stopped(now)->asked);
  BOOST_TEST((*ring.stopped(now)->until == now + 20s));
  paused.paused_until = now + 15s;
  ring.on_permits(2, paused);
  BOOST_TEST(ring.stopped(now)->asked);
  BOOST_TEST((*ring.stopped(now)->until == now + 15s));
  BOOST_TEST(!ring.stopped(now + 15s).has_value());
}

BOOST_FIXTURE_TEST_CASE(a_short_pause_is_not_blamed_for_a_rate_that_is_used_up_for_longer,
                        fixture) {
  auto both = room_for(10);
  both.paused_until = now + 2s;
  both.used_up_until = now + 50s;
  for (uint32_t key = 0; key < 3; ++key) ring.on_permits(key, both);
  BOOST_TEST(!ring.stopped(now)->asked);
  BOOST_TEST((*ring.stopped(now)->until == now + 50s));
}

BOOST_FIXTURE_TEST_CASE(rates_say_how_many_calls_may_go_out_now, fixture) {
  BOOST_TEST(ring.let_out_by_rates(100, now) == unlimited_permits);
  auto limited = room_for(10);
  limited.calls = 3;
  ring.on_permits(0, limited);
  ring.on_permits(1, limited);
  BOOST_TEST(ring.let_out_by_rates(100, now) == unlimited_permits); // the third key
  limited.tokens = 150;
  ring.on_permits(2, limited);
  BOOST_TEST(ring.let_out_by_rates(100, now) == 3 + 3 + 2);
  ring.goes_out(2, 1'000);
  BOOST_TEST(ring.let_out_by_rates(100, now) == 3 + 3);
  limited.paused_until = now + 1s;
  ring.on_permits(1, limited);
  BOOST_TEST(ring.let_out_by_rates(100, now) == 3); // a key that is paused lets nothing out
}

BOOST_FIXTURE_TEST_CASE(after_a_429_a_key_waits_for_its_throttle_to_speak, fixture) {
  ring.on_throttled(0, now);
  for (int i = 0; i < 5; ++i) BOOST_TEST(hand_out() != 0u);
  auto paused = room_for(10);
  paused.paused_until = now + 5s;
  ring.on_permits(0, paused);
  ring.on_throttled(0, now + 1s); // one from before the pause: it is not cut short
  BOOST_TEST((ring.next_change(now + 1s) == now + 5s));
}

BOOST_FIXTURE_TEST_CASE(a_parked_key_is_left_alone_and_all_parked_send_the_line_away, fixture) {
  ring.at(0).parked.park(whole_key, park_kind::wrong_key, "no", ring.at(0).parked.epoch(), now);
  for (int i = 0; i < 10; ++i) BOOST_TEST(hand_out() != 0u);
  for (uint32_t key : {1u, 2u}) {
    auto& parked = ring.at(key).parked;
    parked.park(whole_key, park_kind::quota_spent, "no", parked.epoch(), now + 1s);
  }
  const auto choice = ring.pick("m", now + 1s);
  BOOST_TEST(!choice.key);
  BOOST_TEST(choice.parked);
  BOOST_TEST((ring.ask_again("m", now + 1s) == now + 5s)); // the first key's probe
  ring.on_tick(now + 5s);
  BOOST_TEST(hand_out(now + 5s) == 0u); // the probe
  BOOST_TEST(ring.pick("m", now + 5s).parked);
  ring.resume();
  BOOST_TEST(ring.pick("m", now + 5s).key.has_value());
}

BOOST_FIXTURE_TEST_CASE(it_stands_still_only_while_each_key_is_paused_or_parked, fixture) {
  auto paused = room_for(10);
  paused.paused_until = now + 5s;
  ring.on_permits(0, paused);
  paused.paused_until = now + 3s;
  ring.on_permits(1, paused);
  ring.on_permits(2, room_for(0)); // busy: it will have room again
  BOOST_TEST(!ring.stopped(now).has_value());
  auto& parked = ring.at(2).parked;
  parked.park(whole_key, park_kind::wrong_key, "no", parked.epoch(), now);
  const auto stopped = ring.stopped(now);
  BOOST_REQUIRE(stopped.has_value());
  BOOST_TEST(stopped->parked);
  BOOST_TEST((stopped->until == now + 3s));
  BOOST_TEST(stopped->probes == 0U);
  BOOST_TEST(!ring.has_room(now));
  BOOST_TEST((ring.next_change(now) == now + 3s));
  BOOST_TEST(!ring.stopped(now + 3s).has_value());
}

BOOST_FIXTURE_TEST_CASE(parked_keys_want_a_line_each_when_their_time_has_come, fixture) {
  for (uint32_t key = 0; key < 3; ++key) {
    auto& parked = ring.at(key).parked;
    parked.park(whole_key, park_kind::wrong_key, "no", parked.epoch(), now);
    parked.park("m", park_kind::wrong_route, "no", parked.epoch(), now);
  }
  BOOST_TEST(ring.stopped(now)->probes == 0U);
  BOOST_TEST(ring.all_parked("m"));
  BOOST_TEST(!ring.all_parked("other"));
  BOOST_TEST(ring.probes_of("m") == 0U);
  BOOST_TEST((ring.next_change(now) == now + 5s));
  ring.on_tick(now + 5s);
  BOOST_TEST(ring.stopped(now + 5s)->probes == 3U);
  BOOST_TEST(ring.probes_of("m") == 3U);
  hand_out(now + 5s);
  BOOST_TEST(ring.stopped(now + 5s)->probes == 2U);
}

BOOST_FIXTURE_TEST_CASE(a_parked_key_has_no_room_and_another_that_is_paused_has_none_either,
                        fixture) {
  for (uint32_t key : {0u, 1u}) {
    auto& parked = ring.at(key).parked;
    parked.park(whole_key, park_kind::wrong_key, "no", parked.epoch(), now);
  }
  BOOST_TEST(ring.has_room(now));
  auto paused = room_for(10);
  paused.paused_until = now + 600s;
  ring.on_permits(2, paused);
  BOOST_TEST(!ring.has_room(now));
}

BOOST_FIXTURE_TEST_CASE(a_model_parked_with_one_key_goes_out_with_another, fixture) {
  ring.at(0).parked.park("m", park_kind::wrong_route, "no", ring.at(0).parked.epoch(), now);
  for (int i = 0; i < 20; ++i) BOOST_TEST(hand_out() != 0u);
  BOOST_TEST((ring.pick("other", now).key == 0u));
}

BOOST_FIXTURE_TEST_CASE(tokens_hold_a_key_back_until_they_come_in, fixture) {
  for (uint32_t key : {1u, 2u}) ring.on_permits(key, room_for(0));
  auto limited = room_for(10);
  limited.tokens = 100;
  ring.on_permits(0, limited);
  ring.goes_out(0, 400);
  BOOST_TEST(!ring.has_room(now));
  ring.comes_back(0, -350); // it cost 50
  BOOST_TEST(ring.has_room(now));
}

BOOST_FIXTURE_TEST_CASE(it_flows_freely_while_nothing_limits_any_key, fixture) {
  BOOST_TEST(ring.flows_freely(now));
  BOOST_TEST(ring.in_flight_limit() == 30u);
  auto limited = room_for(10);
  limited.calls = 5;
  ring.on_permits(1, limited);
  BOOST_TEST(!ring.flows_freely(now));
}

BOOST_AUTO_TEST_SUITE_END()
