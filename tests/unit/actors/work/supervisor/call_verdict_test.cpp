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
  auto& failed = item.failures_at(0);
  const auto o = of(outcome_kind::overloaded);
  const auto fails = [&](steady_time sent) { failed.add(sent, sent + 50ms); };
  fails(now - 30s);
  fails(now - 20s);
  BOOST_TEST(!may_be_an_outage(o, item, failed, {})); // two show nothing
  fails(now - 10s);
  BOOST_TEST(may_be_an_outage(o, item, failed, {}));
  BOOST_TEST(may_be_an_outage(o, item, failed, now - 31s));
  BOOST_TEST(!may_be_an_outage(o, item, failed, now - 29s)); // it is the line
  fails(now);
  BOOST_TEST(may_be_an_outage(o, item, failed, now - 29s)); // the last three count
  item.trial = true;
  BOOST_TEST(!may_be_an_outage(o, item, failed, {}));
  item.trial = false;
  auto refused = o;
  refused.attempt_used = false;
  BOOST_TEST(!may_be_an_outage(refused, item, failed, {}));
  auto rejected = of(outcome_kind::rejected);
  rejected.breaker = breaker_effect::none;
  BOOST_TEST(!may_be_an_outage(rejected, item, failed, {}));
}

BOOST_AUTO_TEST_CASE(a_line_that_goes_to_two_providers_by_turns_knows_the_failures_of_each) {
  work_item item;
  for (uint32_t call = 0; call < 5; ++call) {
    BOOST_TEST(!item.failures_at(0).are_known());
    item.failures_at(call % 2).add(now, now);
  }
  BOOST_TEST(item.failures_at(0).are_known());
  BOOST_TEST(!item.failures_at(1).are_known());
}

BOOST_AUTO_TEST_CASE(after_a_restart_or_at_another_provider_three_failures_are_to_be_seen_first) {
  work_item item;
  auto& failed = item.failures_at(0);
  const auto o = of(outcome_kind::overloaded);
  failed.add(now, now);
  BOOST_TEST(is_to_be_seen(o, item, failed, 5));
  BOOST_TEST(!is_to_be_seen(o, item, failed, 2)); // where so few attempts are wanted
  item.spared = most_spared;
  BOOST_TEST(!is_to_be_seen(o, item, failed, 5)); // not for ever
  item.spared = 0;
  failed.add(now, now);
  failed.add(now, now);
  BOOST_TEST(!is_to_be_seen(o, item, failed, 5)); // seen
}

BOOST_AUTO_TEST_CASE(who_waits_for_longer_than_a_line_takes_to_fail_may_well_be_answered) {
  failed_calls failed;
  for (int i = 0; i < 3; ++i) failed.add(now, now + 5s);
  BOOST_TEST(!keeps_waiting(failed, {}, now));
  BOOST_TEST(!keeps_waiting(failed, now - 11s, now)); // twice as long, and a second
  BOOST_TEST(keeps_waiting(failed, now - 12s, now));
}

BOOST_AUTO_TEST_SUITE_END()
