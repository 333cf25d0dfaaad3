// Lines with a deadline of their own, trials, and outages that few lines see: what the end of their
// calls means.
#include "actors/work/supervisor/call_verdict.hpp"

#include "actors/work/last_successes.hpp"

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

BOOST_AUTO_TEST_CASE(
  the_last_failure_of_a_line_shows_an_outage_where_nobody_was_answered_meanwhile) {
  work_item item;
  item.attempts = 4;
  item.tried_since = now;
  const auto o = of(outcome_kind::overloaded);
  BOOST_TEST(is_an_outage(o, item, 5, std::nullopt));
  BOOST_TEST(is_an_outage(o, item, 5, now - 1ms));
  BOOST_TEST(!is_an_outage(o, item, 5, now + 1ms));    // others got an answer: it is the line
  BOOST_TEST(!is_an_outage(o, item, 6, std::nullopt)); // it has an attempt left
  item.trial = true;
  BOOST_TEST(!is_an_outage(o, item, 5, std::nullopt));
  item.trial = false;
  item.attempts = 1;
  BOOST_TEST(!is_an_outage(o, item, 2, std::nullopt)); // two failures show nothing
  item.attempts = 4;
  auto refused = o;
  refused.attempt_used = false;
  BOOST_TEST(!is_an_outage(refused, item, 5, std::nullopt));
  auto rejected = of(outcome_kind::rejected);
  rejected.breaker = breaker_effect::none;
  BOOST_TEST(!is_an_outage(rejected, item, 5, std::nullopt));
}

BOOST_AUTO_TEST_CASE(successes_are_known_of_the_provider_and_of_each_model_with_a_breaker) {
  last_successes tested;
  BOOST_TEST(!tested.of(0).has_value());
  tested.note(3, now);
  BOOST_TEST((tested.of(3) == now));
  BOOST_TEST((tested.of(0) == now));
  BOOST_TEST(!tested.of(4).has_value());
  tested.note(0, now + 1s);
  BOOST_TEST((tested.of(0) == now + 1s));
  BOOST_TEST((tested.of(3) == now));
}

BOOST_AUTO_TEST_SUITE_END()
