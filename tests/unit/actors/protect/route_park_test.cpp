#include "actors/protect/route_park.hpp"

#include <boost/test/unit_test.hpp>

#include <random>
#include <string>

using namespace perennial;
using namespace perennial::actors;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(route_park_decision)

namespace {

struct fixture {
  route_park tested;
  steady_time now{1h};

  uint32_t call(std::string_view model) {
    BOOST_REQUIRE(tested.may_call(model));
    auto epoch = tested.epoch();
    tested.take(model, now);
    return epoch;
  }
  route_park::effect park(std::string_view model, uint32_t epoch) {
    return tested.park(model, park_kind::wrong_key, "401: check the key", epoch, now);
  }
  bool probe_due_after(std::chrono::milliseconds wait) {
    if (!tested.next_wakeup() || *tested.next_wakeup() != now + wait) return false;
    if (tested.on_tick(now + wait - 1ms)) return false;
    now += wait;
    return tested.on_tick(now);
  }
};

} // namespace

BOOST_FIXTURE_TEST_CASE(nothing_is_parked_at_first, fixture) {
  BOOST_TEST(tested.may_call("m"));
  BOOST_TEST(!tested.next_wakeup());
  BOOST_TEST(!tested.on_tick(now));
  BOOST_TEST(tested.parked().empty());
}

BOOST_FIXTURE_TEST_CASE(a_parked_key_stops_all_models_and_a_parked_model_only_itself, fixture) {
  BOOST_TEST((park("a", call("a")) == route_park::effect::changed));
  BOOST_TEST(!tested.may_call("a"));
  BOOST_TEST(tested.may_call("b"));
  BOOST_TEST((park(whole_key, call("b")) == route_park::effect::changed));
  BOOST_TEST(!tested.may_call("b"));
  auto shown = tested.parked();
  BOOST_REQUIRE(shown.size() == 2u);
  BOOST_TEST(shown[0].model == "");
  BOOST_TEST(shown[1].model == "a");
  BOOST_TEST(shown[0].reason == "401: check the key");
}

BOOST_FIXTURE_TEST_CASE(one_probe_is_let_out_after_five_seconds_doubling_to_a_minute, fixture) {
  park(whole_key, call("m"));
  for (auto wait : {5s, 10s, 20s, 40s, 60s, 60s}) {
    BOOST_TEST(probe_due_after(wait));
    BOOST_TEST(tested.parked()[0].permits == 1u);
    BOOST_TEST(!tested.next_wakeup()); // until it is taken
    auto epoch = call("m");
    BOOST_TEST(!tested.may_call("m"));
    BOOST_TEST((park(whole_key, epoch) == route_park::effect::none));
  }
}

BOOST_FIXTURE_TEST_CASE(a_probe_that_succeeds_opens_the_route, fixture) {
  park("m", call("m"));
  BOOST_TEST(probe_due_after(5s));
  BOOST_TEST(tested.on_success("m", call("m")));
  BOOST_TEST(tested.may_call("m"));
  BOOST_TEST(!tested.next_wakeup());
  park("m", call("m"));
  BOOST_TEST(probe_due_after(5s)); // short again
}

BOOST_FIXTURE_TEST_CASE(calls_from_before_the_park_neither_open_nor_prolong_it, fixture) {
  auto first = call("m");
  auto second = call("m");
  auto third = call("m");
  park(whole_key, first);
  BOOST_TEST((park(whole_key, second) == route_park::effect::none));
  BOOST_TEST(!tested.on_success("m", third));
  BOOST_TEST(!tested.on_returned("m", third));
  BOOST_TEST(!tested.may_call("m"));
  BOOST_TEST(probe_due_after(5s));
}

BOOST_FIXTURE_TEST_CASE(a_probe_that_was_never_sent_gives_its_permit_back, fixture) {
  park("m", call("m"));
  BOOST_TEST(probe_due_after(5s));
  auto epoch = call("m");
  BOOST_TEST(tested.on_returned("m", epoch));
  BOOST_TEST(tested.may_call("m"));
  BOOST_TEST(!tested.on_returned("m", epoch)); // one at most
}

BOOST_FIXTURE_TEST_CASE(a_line_asks_again_at_the_next_probe_or_soon_while_one_is_out, fixture) {
  park("m", call("m"));
  BOOST_TEST((tested.ask_again("m", now) == now + 5s));
  BOOST_TEST((tested.ask_again("another", now) == now + 500ms));
  BOOST_REQUIRE(probe_due_after(5s));
  const auto probe = call("m");
  BOOST_TEST((tested.ask_again("m", now) == now + 500ms)); // it may open the way for all
  park("m", probe);
  BOOST_TEST((tested.ask_again("m", now) == now + 10s));
  park(whole_key, call("another"));
  BOOST_TEST((tested.ask_again("m", now) == now + 10s)); // it needs both
  BOOST_TEST((tested.ask_again("another", now) == now + 5s));
}

BOOST_FIXTURE_TEST_CASE(a_probe_that_says_nothing_is_followed_by_the_next, fixture) {
  park("m", call("m"));
  BOOST_TEST(probe_due_after(5s));
  call("m"); // and no outcome that counts: a 503, say
  BOOST_TEST(probe_due_after(10s));
}

BOOST_FIXTURE_TEST_CASE(a_probe_needs_the_permits_of_its_key_and_its_model, fixture) {
  park("m", call("m"));
  auto epoch = call("other");
  now += 3s;
  park(whole_key, epoch);
  now += 2s;
  BOOST_TEST(tested.on_tick(now));
  BOOST_TEST(!tested.may_call("m"));
  now += 3s;
  BOOST_TEST(tested.on_tick(now));
  BOOST_TEST(tested.may_call("m"));
  BOOST_TEST(tested.on_success("m", call("m")));
  BOOST_TEST(tested.parked().empty());
}

BOOST_FIXTURE_TEST_CASE(resuming_by_hand_opens_it_and_late_outcomes_do_not_close_it_again,
                        fixture) {
  auto late = call("m");
  park("m", call("m"));
  BOOST_TEST(!tested.resume("other"));
  BOOST_TEST(tested.resume("m"));
  BOOST_TEST(tested.may_call("m"));
  BOOST_TEST((park("m", late) == route_park::effect::none));
  BOOST_TEST(tested.may_call("m"));
  BOOST_TEST((park("m", call("m")) == route_park::effect::changed));
  park(whole_key, call("other"));
  BOOST_TEST(tested.resume());
  BOOST_TEST(tested.parked().empty());
  BOOST_TEST(!tested.resume());
}

BOOST_FIXTURE_TEST_CASE(the_number_of_parked_models_is_bounded_and_the_key_can_always_be_parked,
                        fixture) {
  tested = route_park{{.most_models = 3}};
  auto epoch = tested.epoch();
  for (auto model : {"a", "b", "c"})
    BOOST_TEST((park(model, epoch) == route_park::effect::changed));
  BOOST_TEST((park("d", epoch) == route_park::effect::full));
  BOOST_TEST(tested.may_call("d"));
  BOOST_TEST((park(whole_key, epoch) == route_park::effect::changed));
}

BOOST_FIXTURE_TEST_CASE(what_is_wrong_now_is_shown_after_a_probe, fixture) {
  park("m", call("m"));
  BOOST_TEST(probe_due_after(5s));
  tested.park("m", park_kind::redirected, "301: check the URL", call("m"), now);
  BOOST_TEST((tested.parked()[0].kind == park_kind::redirected));
  BOOST_TEST(tested.parked()[0].reason == "301: check the URL");
  BOOST_TEST(tested.parked()[0].probes == 1u);
}

// A key that is good and bad by turns: few calls go to a bad one, and it is found when it is good.
BOOST_FIXTURE_TEST_CASE(a_bad_key_sees_few_calls_and_a_mended_one_is_found_within_a_minute,
                        fixture) {
  std::mt19937 random{3};
  for (int round = 0; round < 20; ++round) {
    int wasted = 0;
    auto until = now + std::chrono::seconds{60 + random() % 3'600};
    for (; now < until; now += 100ms) {
      tested.on_tick(now);
      if (!tested.may_call("m")) continue;
      ++wasted;
      park(whole_key, call("m"));
    }
    BOOST_TEST(wasted <= 6 + 3'660 / 60);
    auto mended = now;
    while (!tested.parked().empty()) {
      now += 100ms;
      tested.on_tick(now);
      if (tested.may_call("m")) tested.on_success("m", call("m"));
    }
    BOOST_TEST((now - mended <= 61s));
  }
}

BOOST_AUTO_TEST_SUITE_END()
