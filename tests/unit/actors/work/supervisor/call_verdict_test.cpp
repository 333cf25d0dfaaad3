// Lines with a deadline of their own, and trials: what the end of their calls means.
#include "actors/work/supervisor/call_verdict.hpp"

#include <boost/test/unit_test.hpp>

using namespace perennial;
using namespace perennial::actors;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(call_verdict)

namespace {

constexpr steady_time now{1h};

call_report failed(std::chrono::milliseconds after, int status = 0) {
  call_report r;
  r.failure = transport_failure::total_timeout;
  r.status = status;
  r.duration = after;
  return r;
}

outcome of(outcome_kind kind) {
  outcome o;
  o.kind = kind;
  return o;
}

bool blamed(const call_report& r, std::chrono::milliseconds deadline) {
  auto o = of(outcome_kind::aborted);
  blame_silence(o, r, deadline);
  return o.breaker == breaker_effect::failure;
}

} // namespace

BOOST_AUTO_TEST_CASE(a_call_is_cut_by_its_deadline_only_where_it_failed_at_it_or_after_it) {
  BOOST_TEST(was_cut(failed(1s), now, now));
  BOOST_TEST(!was_cut(failed(1s), now + 1ms, now));
  BOOST_TEST(!was_cut(failed(1s), std::nullopt, now));
  BOOST_TEST(!was_cut(call_report{}, now - 1s, now)); // a good answer counts, however late
}

BOOST_AUTO_TEST_CASE(silence_for_most_of_the_lines_time_is_the_providers_failure) {
  BOOST_TEST(blamed(failed(10s), 10s));
  BOOST_TEST(blamed(failed(5s), 10s));
  BOOST_TEST(!blamed(failed(4s), 10s));       // the rest of an earlier attempt's time
  BOOST_TEST(!blamed(failed(10s, 200), 10s)); // it was answering
}

BOOST_AUTO_TEST_CASE(silence_counts_as_slow_and_shrinks_the_calls_in_flight) {
  auto o = of(outcome_kind::aborted);
  blame_silence(o, failed(10s), 10s);
  BOOST_TEST(o.slow);
  BOOST_TEST((o.concurrency == concurrency_effect::shrink));
  BOOST_TEST(!o.attempt_used);
}

BOOST_AUTO_TEST_CASE(only_a_plain_500_or_no_answer_at_all_may_be_the_lines_fault) {
  BOOST_TEST(may_be_the_line(of(outcome_kind::server_error), 500));
  BOOST_TEST(may_be_the_line(of(outcome_kind::bad_answer), 200));
  for (const auto status : {502, 504}) {
    BOOST_TEST(!may_be_the_line(of(outcome_kind::server_error), status));
  }
  for (const auto kind : {outcome_kind::overloaded, outcome_kind::lost, outcome_kind::never_sent}) {
    BOOST_TEST(!may_be_the_line(of(kind), 0));
  }
}

BOOST_AUTO_TEST_SUITE_END()
