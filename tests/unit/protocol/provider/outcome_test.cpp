#include "protocol/provider/outcome.hpp"

#include "protocol/provider/retry_policy.hpp"

#include <boost/test/unit_test.hpp>

#include <fmt/format.h>

using namespace perennial;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(outcome_)

namespace {

constexpr route_facts fresh{"https://api.test/v1", "OPENAI_API_KEY", {}, "gpt-x", false, false};
constexpr route_facts proven{"https://api.test/v1", "OPENAI_API_KEY", {}, "gpt-x", true, true};

call_report answered(int status, std::string body = "{}") {
  call_report out;
  out.sent = true;
  out.status = status;
  out.body = std::move(body);
  return out;
}

call_report failed(transport_failure failure, bool sent, int status = 0) {
  call_report out;
  out.failure = failure;
  out.sent = sent;
  out.status = status;
  out.detail = "it broke";
  return out;
}

std::string coded(std::string_view code) {
  return fmt::format(R"({{"error":{{"message":"because","code":"{}"}}}})", code);
}

/// One line of the design's table, as a text that is easy to compare.
std::string row(const call_report& report, const route_facts& route = proven) {
  const auto o = classify(report, route);
  std::string out{to_string(o.kind)};
  if (o.breaker == breaker_effect::success) out += " +breaker";
  if (o.breaker == breaker_effect::failure) out += " -breaker";
  if (o.slow) out += " slow";
  if (o.concurrency == concurrency_effect::grow) out += " grow";
  if (o.concurrency == concurrency_effect::shrink) out += " shrink";
  if (o.park == park_target::key) out += " park-key";
  if (o.park == park_target::route) out += " park-route";
  if (o.attempt_used) out += " attempt";
  if (o.ambiguous) out += " ambiguous";
  return out;
}

std::string message(const call_report& report, const route_facts& route) {
  return classify(report, route).message;
}

bool has(const std::string& text, std::string_view words) {
  return text.find(words) != std::string::npos;
}

} // namespace

BOOST_AUTO_TEST_CASE(every_row_of_the_table_has_its_effects) {
  using enum transport_failure;
  BOOST_TEST(row(answered(200)) == "success +breaker grow attempt");
  BOOST_TEST(row(answered(201, "[]")) == "success +breaker grow attempt");

  auto told = answered(429);
  told.retry_after = 3s;
  BOOST_TEST(row(told) == "throttled_for shrink");
  BOOST_TEST(row(answered(429, R"({"retryAfterSeconds":3})")) == "throttled_for shrink");
  BOOST_TEST(row(answered(429)) == "throttled shrink");
  BOOST_TEST(row(answered(429, coded("insufficient_quota"))) == "quota_spent park-key");
  BOOST_TEST(row(answered(402)) == "quota_spent park-key");
  BOOST_TEST(row(answered(402, R"({"x402Version":1,"error":"Queue full"})")) == "throttled shrink");

  for (int status : {408, 409, 425}) BOOST_TEST(row(answered(status)) == "try_again attempt");
  for (int status : {503, 529})
    BOOST_TEST(row(answered(status)) == "overloaded -breaker shrink attempt");
  for (int status : {500, 501, 502, 504, 520, 524, 599})
    BOOST_TEST(row(answered(status)) == "server_error -breaker attempt");

  for (auto f : {dns, refused, connect_timeout, proxy, tls, write_failed, total_timeout})
    BOOST_TEST(row(failed(f, false)) == "never_sent -breaker");
  for (auto f : {reset, write_failed, first_byte_timeout, idle_timeout, total_timeout})
    BOOST_TEST(row(failed(f, true)) == "lost -breaker slow shrink attempt ambiguous");

  BOOST_TEST(row(answered(401)) == "key_refused park-key");
  BOOST_TEST(row(answered(403), fresh) == "key_refused park-key");
  for (int status : {404, 405})
    BOOST_TEST(row(answered(status), fresh) == "route_wrong park-route");
  for (int status : {400, 403, 404, 422})
    BOOST_TEST(row(answered(status, coded("model_not_found")), fresh) == "route_wrong park-route");
  for (int status : {300, 301, 302, 303, 304, 307, 308})
    BOOST_TEST(row(answered(status)) == "redirected park-route");
  for (int status : {400, 403, 404, 405, 406, 410, 413, 415, 418, 422, 451})
    BOOST_TEST(row(answered(status)) == "rejected attempt");
  for (int status : {400, 404})
    BOOST_TEST(row(answered(status, coded("model_not_found"))) == "rejected attempt");
  BOOST_TEST(row(answered(400), fresh) == "rejected attempt");

  for (const char* body : {"", "<html>captive portal</html>", "{\"half\":", "null"})
    BOOST_TEST(row(answered(200, body)) == "bad_answer -breaker attempt ambiguous", body);
  BOOST_TEST(row(answered(204, "")) == "bad_answer -breaker attempt ambiguous");
  BOOST_TEST(row(failed(truncated, true, 200)) == "bad_answer -breaker attempt ambiguous");
  BOOST_TEST(row(failed(garbage, true)) == "bad_answer -breaker attempt ambiguous");
  for (int status : {101, 199, 600, 999})
    BOOST_TEST(row(answered(status)) == "bad_answer -breaker attempt ambiguous");

  BOOST_TEST(row(failed(too_large, true, 200)) == "too_large attempt");
  BOOST_TEST(row(failed(aborted, false)) == "aborted");
  BOOST_TEST(row(failed(aborted, true)) == "aborted ambiguous");
}

BOOST_AUTO_TEST_CASE(success_of_the_key_and_of_the_model_are_two_things) {
  auto key_only = fresh;
  key_only.key_worked = true;
  BOOST_TEST(row(answered(403), key_only) == "rejected attempt");
  BOOST_TEST(row(answered(404), key_only) == "route_wrong park-route");
  BOOST_TEST(row(answered(401), proven) == "key_refused park-key");
}

BOOST_AUTO_TEST_CASE(a_status_counts_even_where_its_body_broke_off) {
  using enum transport_failure;
  for (auto f : {truncated, too_large, idle_timeout, total_timeout, garbage}) {
    BOOST_TEST(row(failed(f, true, 503)) == "overloaded -breaker shrink attempt");
    BOOST_TEST(row(failed(f, true, 401)) == "key_refused park-key");
  }
  BOOST_TEST(row(failed(idle_timeout, true, 200)) == "lost -breaker slow shrink attempt ambiguous");
}

BOOST_AUTO_TEST_CASE(every_wait_that_a_provider_names_is_a_floor) {
  auto both = answered(429, R"({"retryAfterSeconds":3})");
  both.retry_after = 1s;
  BOOST_TEST((classify(both, proven).wait_at_least == 3s));
  both.retry_after = 9s;
  BOOST_TEST((classify(both, proven).wait_at_least == 9s));
  auto busy = answered(503);
  busy.retry_after = 7s;
  BOOST_TEST((classify(busy, proven).wait_at_least == 7s));
  auto spent = answered(429);
  spent.limits.remaining_tokens = 0;
  spent.limits.reset_tokens = 6min;
  BOOST_TEST((classify(spent, proven).kind == outcome_kind::throttled_for));
  BOOST_TEST((classify(spent, proven).wait_at_least == 6min));
  BOOST_TEST(!classify(answered(429), proven).wait_at_least);
}

BOOST_AUTO_TEST_CASE(codes_are_the_providers_where_they_are_words) {
  using enum transport_failure;
  BOOST_TEST(classify(answered(400, coded("context_length_exceeded")), proven).code ==
             "context_length_exceeded");
  BOOST_TEST(classify(answered(400, coded("not a word")), proven).code == "http_400");
  BOOST_TEST(classify(answered(500, "<html>"), proven).code == "http_500");
  BOOST_TEST(classify(answered(302), proven).code == "redirected");
  BOOST_TEST(classify(failed(refused, false), proven).code == "connection_refused");
  BOOST_TEST(classify(failed(total_timeout, true), proven).code == "timeout");
  BOOST_TEST(classify(failed(too_large, true, 200), proven).code == "response_too_large");
  BOOST_TEST(classify(answered(200, "no"), proven).code == "bad_response");
  BOOST_TEST(classify(answered(200), proven).code.empty());
}

BOOST_AUTO_TEST_CASE(a_key_that_was_never_sent_is_not_called_refused) {
  auto keyless = answered(401);
  keyless.key_sent = false;
  BOOST_TEST(message(keyless, fresh) ==
             "401 from https://api.test/v1: OPENAI_API_KEY is not set, so no key was sent: set it "
             "to the provider's key and start again");
  keyless.status = 403;
  BOOST_TEST(has(message(keyless, fresh), "OPENAI_API_KEY is not set"));
  auto nameless = fresh;
  nameless.key_env = {};
  BOOST_TEST(has(message(keyless, nameless), "--api-key-env"));
  BOOST_TEST(row(keyless, fresh) == "key_refused park-key");
}

BOOST_AUTO_TEST_CASE(a_providers_sentence_does_not_bring_its_full_stop) {
  const auto said = message(
    answered(401, R"({"error":{"message":"Incorrect key provided.. ","code":"x"}})"), fresh);
  BOOST_TEST(said.ends_with("; it says: Incorrect key provided"), said);
  BOOST_TEST(!has(message(answered(401, R"({"error":{"message":"."}})"), fresh), "it says"));
}

BOOST_AUTO_TEST_CASE(messages_say_what_is_wrong_where_and_what_to_do) {
  BOOST_TEST(message(answered(401), fresh) ==
             "401 from https://api.test/v1: the key was not accepted; check the variable "
             "OPENAI_API_KEY and start again if it has to be another one");
  BOOST_TEST(has(message(answered(401, coded("x")), fresh), "; it says: because"));
  BOOST_TEST(has(message(answered(404, coded("model_not_found")), fresh), "the model \"gpt-x\""));
  BOOST_TEST(has(message(answered(404), fresh), "check the base URL"));
  BOOST_TEST(has(message(answered(302), fresh), "write the final address as the base URL"));
  BOOST_TEST(has(message(answered(402), fresh), "top it up"));
  BOOST_TEST(message(failed(transport_failure::tls, false), fresh) ==
             "https://api.test/v1: it broke");
  BOOST_TEST(has(message(failed(transport_failure::reset, true), fresh), "may have done the work"));
  BOOST_TEST(message(answered(200), fresh).empty());
  route_facts bare{"http://h", "", "", "", false, false};
  BOOST_TEST(has(message(answered(401), bare), "check the provider's API key"));
}

// ---- what becomes of the line ------------------------------------------------

BOOST_AUTO_TEST_CASE(a_line_fails_only_by_its_own_fault_or_after_its_attempts) {
  const auto fate = [](const call_report& report, unsigned before, const route_facts& route) {
    return decide(classify(report, route), before, 3);
  };
  using f = line_fate;
  BOOST_TEST((fate(answered(200), 0, fresh) == disposition{f::result, 1}));
  BOOST_TEST((fate(answered(400), 0, fresh) == disposition{f::failed, 1}));
  BOOST_TEST(
    (fate(failed(transport_failure::too_large, true, 200), 0, fresh) == disposition{f::failed, 1}));
  BOOST_TEST((fate(answered(500), 0, fresh) == disposition{f::retry, 1}));
  BOOST_TEST((fate(answered(500), 1, fresh) == disposition{f::retry, 2}));
  BOOST_TEST((fate(answered(500), 2, fresh) == disposition{f::failed, 3}));
  BOOST_TEST((fate(answered(200, "no"), 2, fresh) == disposition{f::failed, 3}));
  BOOST_TEST(
    (fate(failed(transport_failure::refused, false), 2, fresh) == disposition{f::retry, 2}));
  for (int status : {429, 402, 401, 403, 404, 405, 307})
    BOOST_TEST((fate(answered(status), 2, fresh) == disposition{f::give_back, 2}), status);
  BOOST_TEST(
    (fate(failed(transport_failure::aborted, true), 2, fresh) == disposition{f::give_back, 2}));
}

BOOST_AUTO_TEST_SUITE_END()
