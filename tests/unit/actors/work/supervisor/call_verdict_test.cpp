// Lines with a deadline of their own, trials, and outages that few lines see: what the end of their
// calls means.
#include "actors/work/supervisor/call_verdict.hpp"

#include <boost/test/unit_test.hpp>

using namespace perennial;
using namespace perennial::actors;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(call_verdict)

namespace {

constexpr steady_time now{1h};

call_report failed(transport_failure how, std::chrono::milliseconds after = 1s, int status = 0) {
  call_report r;
  r.sent = how != transport_failure::connect_timeout && how != transport_failure::refused;
  r.failure = how;
  r.status = status;
  r.detail = "as it was";
  r.duration = after;
  return r;
}

call_report timed_out(std::chrono::milliseconds after, int status = 0) {
  return failed(transport_failure::total_timeout, after, status);
}

outcome of(outcome_kind kind) {
  outcome o;
  o.kind = kind;
  o.breaker = breaker_effect::failure;
  o.attempt_used = true;
  return o;
}

/// Whether a call that was cut tells the breaker that nobody answered.
bool silent(call_report r, std::chrono::milliseconds deadline) {
  say_cut(r);
  auto o = classify(r, {});
  note_silence(o, r, deadline);
  return o.breaker == breaker_effect::failure && o.silent;
}

/// How many trials that end so cost a line nothing.
int free_ones(outcome_kind kind, int status) {
  uint32_t failed_trials = 0;
  int n = 0;
  while (n < 1'000 && is_free_trial(of(kind), status, failed_trials)) ++n;
  return n;
}

} // namespace

BOOST_AUTO_TEST_CASE(a_call_is_cut_by_its_deadline_only_where_it_failed_at_it_or_after_it) {
  BOOST_TEST(was_cut(timed_out(1s), now, now));
  BOOST_TEST(!was_cut(timed_out(1s), now + 1ms, now));
  BOOST_TEST(!was_cut(timed_out(1s), std::nullopt, now));
  BOOST_TEST(!was_cut(call_report{}, now - 1s, now)); // a good answer counts, however late
}

BOOST_AUTO_TEST_CASE(silence_for_most_of_the_lines_time_is_told_to_the_breaker) {
  BOOST_TEST(silent(timed_out(10s), 10s));
  BOOST_TEST(silent(timed_out(5s), 10s));
  BOOST_TEST(!silent(timed_out(4s), 10s));       // the rest of an earlier attempt's time
  BOOST_TEST(!silent(timed_out(10s, 200), 10s)); // it was answering
}

BOOST_AUTO_TEST_CASE(a_call_that_was_cut_uses_no_attempt_and_leaves_the_calls_in_flight) {
  auto r = timed_out(10s);
  say_cut(r);
  const auto o = classify(r, {});
  BOOST_TEST(!o.attempt_used);
  BOOST_TEST(o.ambiguous); // it may have done the work
  BOOST_TEST((o.concurrency == concurrency_effect::none));
}

BOOST_AUTO_TEST_CASE(a_connection_that_was_not_made_in_the_lines_time_is_the_providers_failure) {
  auto r = failed(transport_failure::connect_timeout, 10s);
  say_cut(r);
  auto o = classify(r, {});
  note_silence(o, r, 10s);
  BOOST_TEST((o.kind == outcome_kind::never_sent));
  BOOST_TEST((o.breaker == breaker_effect::failure));
  BOOST_TEST(!o.silent);
}

BOOST_AUTO_TEST_CASE(a_reason_that_says_more_than_the_deadline_is_kept) {
  for (const auto how : {transport_failure::aborted, transport_failure::not_kept}) {
    auto r = failed(how);
    say_cut(r);
    BOOST_TEST(r.detail == "as it was");
  }
}

BOOST_AUTO_TEST_CASE(trials_that_may_be_the_lines_fault_are_free_a_few_times_and_outages_always) {
  BOOST_TEST(free_ones(outcome_kind::server_error, 500) == 3);
  BOOST_TEST(free_ones(outcome_kind::bad_answer, 200) == 3);
  BOOST_TEST(free_ones(outcome_kind::server_error, 502) == 12);
  BOOST_TEST(free_ones(outcome_kind::lost, 0) == 12);
  BOOST_TEST(free_ones(outcome_kind::overloaded, 503) == 1'000);
  BOOST_TEST(free_ones(outcome_kind::never_sent, 0) == 1'000);
  uint32_t failed_trials = 0;
  BOOST_TEST(!is_free_trial(outcome{}, 200, failed_trials)); // it did not fail
}

BOOST_AUTO_TEST_CASE(three_failures_show_an_outage_where_nobody_was_answered_meanwhile) {
  work_item item;
  const auto o = of(outcome_kind::overloaded);
  const auto fails = [&](steady_time sent, uint32_t provider = 0) {
    item.failed_at.add(provider, sent, sent + 50ms);
  };
  fails(now - 30s);
  fails(now - 20s);
  BOOST_TEST(!is_an_outage(o, item, {}, now)); // two show nothing
  fails(now - 10s);
  BOOST_TEST(is_an_outage(o, item, {}, now));
  BOOST_TEST(is_an_outage(o, item, {.last_success = now - 31s}, now));
  BOOST_TEST(!is_an_outage(o, item, {.last_success = now - 29s}, now)); // it is the line
  fails(now);
  BOOST_TEST(is_an_outage(o, item, {.last_success = now - 29s}, now)); // the last three count
  item.trial = true;
  BOOST_TEST(!is_an_outage(o, item, {}, now));
  item.trial = false;
  auto refused = o;
  refused.attempt_used = false;
  BOOST_TEST(!is_an_outage(refused, item, {}, now));
  auto rejected = of(outcome_kind::rejected);
  rejected.breaker = breaker_effect::none;
  BOOST_TEST(!is_an_outage(rejected, item, {}, now));
  fails(now, 1); // the first at another provider
  BOOST_TEST(!is_an_outage(o, item, {}, now));
}

BOOST_AUTO_TEST_CASE(after_a_restart_or_at_another_provider_three_failures_are_to_be_seen_first) {
  work_item item;
  const auto o = of(outcome_kind::overloaded);
  item.failed_at.add(0, now, now);
  BOOST_TEST(is_to_be_seen(o, item, 5));
  BOOST_TEST(!is_to_be_seen(o, item, 2)); // where so few attempts are wanted
  item.spared = most_spared;
  BOOST_TEST(!is_to_be_seen(o, item, 5)); // not for ever
  item.spared = 0;
  item.failed_at.add(0, now, now);
  item.failed_at.add(0, now, now);
  BOOST_TEST(!is_to_be_seen(o, item, 5)); // seen
}

BOOST_AUTO_TEST_CASE(who_waits_for_longer_than_a_line_takes_to_fail_may_well_be_answered) {
  work_item item;
  for (int i = 0; i < 3; ++i) item.failed_at.add(0, now, now + 5s);
  const auto o = of(outcome_kind::server_error);
  BOOST_TEST(is_an_outage(o, item, {.oldest_out = now - 11s}, now)); // twice as long, and a second
  BOOST_TEST(!is_an_outage(o, item, {.oldest_out = now - 12s}, now));
}

BOOST_AUTO_TEST_SUITE_END()
