#include "dispatch_fixture.hpp"

using namespace perennial;
using namespace perennial::actors;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(dispatch_routing)

namespace {

/// "m" goes to provider 0, then to 1; after 30 s.
struct failover : dispatch_fixture {
  explicit failover(bool allowed = true) {
    route r{.patterns = {"m"},
            .targets = {{0, "", 0, 1}, {1, "b-m", 1, 1}},
            .failover = allowed,
            .failover_after = 30s};
    table = dispatch_table{routes{{{"a*"}, {"b*"}}, {r}}, limits};
  }
  void close(uint32_t provider, uint32_t trial_of_model = 0) {
    provider_availability said;
    said.provider = provider;
    const closed_route c{"p", now, {}, "why", trial_of_model};
    if (trial_of_model > 0) {
      said.closed_models["m"] = c;
    } else {
      said.closed = c;
    }
    table.on_availability(said);
    table.reroute(now);
  }
  void open(uint32_t provider) {
    provider_availability said;
    said.provider = provider;
    table.on_availability(said);
    table.reroute(now);
  }
  void later(std::chrono::seconds by) {
    now += by;
    table.reroute(now);
  }
};

struct no_failover : failover {
  no_failover()
    : failover(false) {}
};

} // namespace

BOOST_FIXTURE_TEST_CASE(lines_of_a_provider_that_stays_closed_go_to_the_next_and_back_to_it,
                        failover) {
  add(1);
  read(1, 0, 4, "m");
  close(0);
  BOOST_TEST(lines(1, 2).empty()); // not yet
  later(30s);
  BOOST_TEST((lines(1, 0) == list{0, 1})); // it had asked for two
  open(0);
  BOOST_TEST((lines(0, 10) == list{2, 3}));
}

BOOST_FIXTURE_TEST_CASE(what_a_provider_asked_for_before_it_closed_counts_no_more, failover) {
  add(1);
  BOOST_TEST(take(0, 5).empty());
  close(0);
  read(1, 0, 4, "a"); // nobody else takes these
  BOOST_TEST(table.assign(now).empty());
  BOOST_TEST((lines(0, 1) == list{0})); // a trial
}

BOOST_FIXTURE_TEST_CASE(a_closed_provider_gets_the_lines_that_it_wants_to_try_itself_with,
                        failover) {
  add(1);
  close(0);
  later(30s);
  BOOST_TEST(take(0, 1).empty()); // there are none yet
  read(1, 0, 4, "m");             // they lie at the other one
  BOOST_REQUIRE(table.assign(now).size() == 1U);
  BOOST_TEST(table.assign(now).empty()); // one, and no more
  BOOST_TEST((lines(1, 10) == list{1, 2, 3}));
}

BOOST_FIXTURE_TEST_CASE(where_both_are_closed_the_second_may_try_lines_that_wait_at_the_first,
                        failover) {
  add(1);
  read(1, 0, 4, "m");
  close(0);
  close(1);
  later(60s);
  const auto tried = take(1, 1);
  BOOST_REQUIRE(tried.size() == 1U);
  BOOST_TEST(tried[0]->model == "b-m");
  BOOST_TEST(tried[0]->route_model() == "m");
  open(1);
  BOOST_TEST((lines(1, 10) == list{1, 2, 3}));
}

BOOST_FIXTURE_TEST_CASE(a_line_that_has_failed_already_is_tried_last, failover) {
  add(1);
  read(1, 0, 2, "m");
  auto failed = take(0, 1);
  BOOST_REQUIRE(failed.size() == 1U);
  failed[0]->attempts = 1;
  table.on_back(std::move(failed[0]), 0ms, now);
  close(0);
  BOOST_TEST((lines(0, 1) == list{1}));
  BOOST_TEST((lines(0, 1) == list{0}));
}

BOOST_FIXTURE_TEST_CASE(a_closed_model_is_tried_with_its_own_lines_from_behind_others, failover) {
  add(1);
  close(0, 1);
  later(30s);
  read(1, 0, 3, "b1"); // the other provider's own
  read(1, 3, 6, "m");
  BOOST_TEST((lines(0, 5) == list{3}));
  BOOST_TEST(table.assign(now).empty());
}

BOOST_FIXTURE_TEST_CASE(without_failover_no_line_is_tried_with_anybody_else, no_failover) {
  add(1);
  read(1, 0, 4, "m");
  close(1);
  later(60s);
  BOOST_TEST(lines(1, 5).empty());
  BOOST_TEST((lines(0, 5) == list{0, 1, 2, 3}));
}

BOOST_FIXTURE_TEST_CASE(a_line_without_a_model_keeps_its_route_under_a_providers_own_name,
                        dispatch_fixture) {
  route r{.patterns = {"*"},
          .targets = {{0, "x", 0, 1}, {1, "y", 1, 1}},
          .failover = true,
          .failover_after = 0s};
  table = dispatch_table{routes{{{"a*"}, {"b*"}}, {r}}, limits};
  add(1);
  read(1, 0, 1, "");
  auto got = take(0, 1);
  BOOST_REQUIRE(got.size() == 1U);
  BOOST_TEST(got[0]->renamed);
  BOOST_TEST(got[0]->model == "x");
  BOOST_TEST(got[0]->route_model().empty());
  provider_availability said;
  said.provider = 0;
  said.closed = closed_route{"p", now - 1s, {}, "why"};
  table.on_availability(said);
  table.on_back(std::move(got[0]), 0ms, now);
  got = take(1, 1);
  BOOST_REQUIRE(got.size() == 1U);
  BOOST_TEST(got[0]->model == "y");
  BOOST_TEST(got[0]->route_model().empty());
}

BOOST_AUTO_TEST_SUITE_END()
