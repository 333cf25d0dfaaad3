#include "actors/work/dispatcher/route_choice.hpp"

#include <boost/test/unit_test.hpp>

#include <map>

using namespace perennial;
using namespace perennial::actors;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(route_choices)

namespace {

constexpr uint32_t a = 0;
constexpr uint32_t b = 1;
constexpr uint32_t c = 2;

/// "m" goes to a, then by weight to b (1) and c (3); failover after 30 s where it is allowed.
struct fixture {
  explicit fixture(bool failover = true)
    : choice{routes{{{"a*"}, {"b*"}, {"c*"}},
                    {route{.patterns = {"m"},
                           .targets = {{b, "b-m", 1, 1}, {a, "", 0, 1}, {c, "", 1, 3}},
                           .failover = failover,
                           .failover_after = 30s}}}} {}

  void close(uint32_t provider, std::optional<steady_time> until = {}) {
    provider_availability said;
    said.provider = provider;
    said.closed = closed_route{"p", now, until, "why"};
    choice.on_availability(said);
  }
  void open(uint32_t provider) {
    provider_availability said;
    said.provider = provider;
    choice.on_availability(said);
  }
  uint32_t chosen(const char* model = "m") { return choice.choose(model, now)->provider; }
  std::map<uint32_t, int> chosen_of(int n) {
    std::map<uint32_t, int> out;
    for (int i = 0; i < n; ++i) ++out[chosen()];
    return out;
  }

  steady_time now{1h};
  route_choice choice;
};

struct without_failover : fixture {
  without_failover()
    : fixture(false) {}
};

using counts = std::map<uint32_t, int>;

} // namespace

BOOST_FIXTURE_TEST_CASE(a_model_goes_to_its_first_order_and_others_as_the_providers_say, fixture) {
  BOOST_TEST(chosen("m") == a);
  BOOST_TEST(chosen("b7") == b);
  BOOST_TEST((choice.choose("x", now) == nullptr));
}

BOOST_FIXTURE_TEST_CASE(a_provider_that_closes_keeps_its_lines_for_a_while_and_then_loses_them,
                        fixture) {
  close(a);
  BOOST_TEST(chosen() == a);
  BOOST_TEST(!choice.should_leave(a, "m", now));
  BOOST_TEST((choice.next_change(now) == now + 30s));
  now += 30s;
  BOOST_TEST(choice.should_leave(a, "m", now));
  BOOST_TEST(chosen() != a);
  BOOST_TEST(!choice.should_return(b, "m"));
  open(a);
  BOOST_TEST(chosen() == a);
  BOOST_TEST(choice.should_return(b, "m")); // a is of an earlier order
  BOOST_TEST(!choice.should_return(a, "m"));
  close(a); // just now: it keeps its lines for a while, and gets none back
  BOOST_TEST(!choice.should_return(b, "m"));
}

BOOST_FIXTURE_TEST_CASE(a_provider_that_says_it_will_be_long_is_left_at_once, fixture) {
  close(a, now + 31s);
  BOOST_TEST(chosen() != a);
  close(a, now + 30s);
  BOOST_TEST(chosen() == a);
}

BOOST_FIXTURE_TEST_CASE(those_of_one_order_share_by_weight, fixture) {
  close(a, now + 1h);
  BOOST_TEST((chosen_of(40) == counts{{b, 10}, {c, 30}}));
  BOOST_TEST(
    (choice.choose("m", now)->model == "b-m" || chosen() == b || chosen() == b || chosen() == b));
  close(c, now + 1h);
  BOOST_TEST((chosen_of(10) == counts{{b, 10}}));
}

BOOST_FIXTURE_TEST_CASE(where_all_are_closed_lines_wait_at_the_first, fixture) {
  for (const auto p : {a, b, c}) close(p, now + 1h);
  BOOST_TEST(chosen() == a);
  BOOST_TEST(!choice.should_leave(a, "m", now));
}

BOOST_FIXTURE_TEST_CASE(without_failover_lines_wait_for_their_provider, without_failover) {
  close(a, now + 1h);
  now += 2h;
  BOOST_TEST(chosen() == a);
  BOOST_TEST((choice.may_try(a, "m") == nullptr));
  BOOST_TEST(!choice.next_change(now).has_value());
}

BOOST_FIXTURE_TEST_CASE(one_model_of_a_provider_may_be_closed_by_its_own_name, fixture) {
  close(a, now + 1h);
  provider_availability said;
  said.provider = b;
  said.closed_models["b-m"] = closed_route{"p", now, now + 1h, "no such model"};
  choice.on_availability(said);
  BOOST_TEST((chosen_of(10) == counts{{c, 10}}));
  BOOST_TEST(choice.closed(b, "m")->why == "no such model");
  BOOST_TEST((choice.closed(b, "b7") == nullptr));
}

BOOST_FIXTURE_TEST_CASE(a_closed_provider_may_be_tried_with_lines_of_its_models_only, fixture) {
  BOOST_TEST((choice.may_try(a, "m") == nullptr)); // it is open
  close(a);
  BOOST_REQUIRE((choice.may_try(a, "m") != nullptr));
  BOOST_TEST(choice.is_closed(a));
  BOOST_TEST((choice.may_try(a, "b7") == nullptr));
}

BOOST_FIXTURE_TEST_CASE(a_closed_model_gets_as_many_lines_as_it_wants_to_be_tried_with, fixture) {
  provider_availability said;
  said.provider = b;
  said.closed_models["b-m"] = closed_route{"p", now, {}, "why", 2};
  choice.on_availability(said);
  BOOST_TEST(choice.wants_trials(b));
  for (int i = 0; i < 2; ++i) {
    const auto* t = choice.may_try(b, "m");
    BOOST_REQUIRE((t != nullptr));
    BOOST_TEST(t->model == "b-m");
    choice.on_trial(*t, "m");
  }
  BOOST_TEST((choice.may_try(b, "m") == nullptr));
  BOOST_TEST(!choice.wants_trials(b));
}

BOOST_AUTO_TEST_SUITE_END()
