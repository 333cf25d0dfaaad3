#include "actors/protect/breaker_report.hpp"

#include <boost/test/unit_test.hpp>

using namespace perennial;
using namespace perennial::actors;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(what_outcomes_say_to_a_breaker)

namespace {

call_report answered(int status, std::string body = "{}") {
  call_report r;
  r.sent = true;
  r.status = status;
  r.body = std::move(body);
  return r;
}

outcome meaning(const call_report& r, bool key_worked = true, bool model_worked = true) {
  return classify(r, {.url = "http://h/v1",
                      .key_env = "K",
                      .key_file = {},
                      .model = "m",
                      .key_worked = key_worked,
                      .model_worked = model_worked});
}

/// Whether so many of these in a row, and nothing else, open a breaker.
bool opens(const outcome& o) {
  circuit_breaker breaker;
  steady_time now{1h};
  for (int i = 0; i < 1'000 && breaker.gate().state == breaker_state::closed; ++i) {
    now += 1ms;
    breaker.on_outcome(breaker.gate().epoch, report_of(o, 10ms), now, 0.5);
  }
  return breaker.gate().state != breaker_state::closed;
}

} // namespace

BOOST_AUTO_TEST_CASE(no_answer_below_500_ever_opens_it) {
  for (int status = 200; status < 500; ++status) {
    for (const bool worked : {true, false}) {
      BOOST_TEST(!opens(meaning(answered(status), worked, worked)), status);
    }
  }
}

BOOST_AUTO_TEST_CASE(a_throttle_or_a_spent_quota_never_opens_it) {
  auto waits = answered(429);
  waits.retry_after = 1s;
  BOOST_TEST(!opens(meaning(waits)));
  BOOST_TEST(!opens(meaning(answered(429, R"({"error":{"code":"insufficient_quota"}})"))));
  BOOST_TEST(!opens(meaning(answered(402, R"({"x402Version":1})"))));
  BOOST_TEST(
    !opens(meaning(answered(404, R"({"error":{"code":"model_not_found"}})"), true, false)));
}

BOOST_AUTO_TEST_CASE(a_call_that_was_ended_from_here_never_opens_it) {
  call_report r;
  r.sent = true;
  r.failure = transport_failure::aborted;
  BOOST_TEST(!opens(meaning(r)));
}

BOOST_AUTO_TEST_CASE(failures_of_the_provider_open_it) {
  for (const int status : {500, 502, 503, 504, 524, 529})
    BOOST_TEST(opens(meaning(answered(status))), status);
  for (const auto failure : {transport_failure::refused, transport_failure::dns,
                             transport_failure::tls, transport_failure::connect_timeout}) {
    call_report r;
    r.failure = failure;
    BOOST_TEST(opens(meaning(r)));
  }
  call_report lost;
  lost.sent = true;
  lost.failure = transport_failure::first_byte_timeout;
  BOOST_TEST(opens(meaning(lost)));
  BOOST_TEST(report_of(meaning(lost), 1s).slow);
}

BOOST_AUTO_TEST_CASE(beside_breakers_of_models_the_providers_own_counts_connections_only) {
  const auto failed = meaning(answered(500));
  BOOST_TEST((report_of(failed, 1s, breaker_scope::connections).effect == call_effect::success));
  BOOST_TEST((report_of(failed, 1s, breaker_scope::model).effect == call_effect::failure));
  call_report r;
  r.failure = transport_failure::refused;
  const auto refused = meaning(r);
  BOOST_TEST((report_of(refused, 1s, breaker_scope::connections).effect == call_effect::failure));
  BOOST_TEST(report_of(refused, 1s, breaker_scope::connections).connection_failure);
  BOOST_TEST((report_of(refused, 1s, breaker_scope::model).effect == call_effect::neutral));
  // What says nothing says nothing to either.
  const auto throttled = meaning(answered(429));
  BOOST_TEST((report_of(throttled, 1s, breaker_scope::connections).effect == call_effect::neutral));
}

BOOST_AUTO_TEST_SUITE_END()
