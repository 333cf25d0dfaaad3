#include "protocol/provider/error_body.hpp"

#include <boost/test/unit_test.hpp>

#include <fmt/format.h>

using namespace perennial;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(error_body)

BOOST_AUTO_TEST_CASE(openais_shape_is_read) {
  const auto got = read_error_body(
    R"({"error":{"message":"The model `x` does not exist","type":"invalid_request_error","param":null,"code":"model_not_found"}})");
  BOOST_TEST(got.code == "model_not_found");
  BOOST_TEST(got.type == "invalid_request_error");
  BOOST_TEST(got.message == "The model `x` does not exist");
  BOOST_TEST(got.says("model_not_found"));
  BOOST_TEST(!got.wait);
  BOOST_TEST(!got.x402);
}

BOOST_AUTO_TEST_CASE(pollinations_shapes_are_read) {
  const auto envelope = read_error_body(
    R"({"status":429,"success":false,"error":{"code":"RATE_LIMITED","message":"slow down","timestamp":"t"}})");
  BOOST_TEST(envelope.code == "RATE_LIMITED");
  BOOST_TEST(envelope.message == "slow down");
  const auto flat = read_error_body(
    R"({"error":"concurrency_limit_exceeded","message":"one at a time","retryAfterSeconds":3})");
  BOOST_TEST(flat.code == "concurrency_limit_exceeded");
  BOOST_TEST(flat.message == "one at a time");
  BOOST_TEST((flat.wait == 3s));
  const auto legacy = read_error_body(R"({"error":"Something broke","status":500})");
  BOOST_TEST(legacy.code.empty());
  BOOST_TEST(legacy.message == "Something broke");
  const auto queue = read_error_body(R"({"x402Version":1,"error":"Queue full for IP"})");
  BOOST_TEST(queue.x402);
  BOOST_TEST(queue.message == "Queue full for IP");
}

BOOST_AUTO_TEST_CASE(other_shapes_in_use_are_read) {
  const auto vllm = read_error_body(
    R"({"object":"error","message":"no such model","type":"NotFoundError","param":null,"code":404})");
  BOOST_TEST(vllm.code.empty());
  BOOST_TEST(vllm.type == "NotFoundError");
  BOOST_TEST(vllm.message == "no such model");
  BOOST_TEST(read_error_body(R"({"detail":"Not Found"})").message == "Not Found");
  BOOST_TEST(read_error_body(R"([{"error":{"code":400,"message":"in a list"}}])").message ==
             "in a list");
}

BOOST_AUTO_TEST_CASE(what_is_none_of_them_reads_as_nothing) {
  for (const char* body :
       {"", "<html>", "null", "[]", "7", "{}", R"({"error":null})", R"({"error":[]})",
        R"({"error":{"code":{},"message":7}})", "{\"error\":", "{\"error\":\"\xff\"}"})
    BOOST_TEST((read_error_body(body) == provider_error{}), body);
  BOOST_TEST((read_error_body(std::string(1'000'000, '[')) == provider_error{}));
}

BOOST_AUTO_TEST_CASE(texts_are_made_safe_to_show) {
  const auto got =
    read_error_body(R"({"error":{"code":"a b\n","message":"one\r\ntwo\u0000\u001b[31m"}})");
  BOOST_TEST(got.code.empty());
  BOOST_TEST(got.message.find_first_of("\r\n\x1b") == std::string::npos);
  BOOST_TEST(got.message.starts_with("one  two"));
  std::string umlauts;
  for (int i = 0; i < 400; ++i) umlauts += "\xc3\xa4";
  const auto cut = read_error_body("{\"error\":\"x" + umlauts + "\"}");
  BOOST_TEST(cut.message.size() == 299u); // no half letter
}

BOOST_AUTO_TEST_CASE(a_retry_after_that_is_no_number_is_nothing) {
  for (const char* value : {"\"3\"", "-3", "null", "0"})
    BOOST_TEST(!read_error_body(fmt::format("{{\"retryAfterSeconds\":{}}}", value)).wait, value);
  BOOST_TEST((read_error_body(R"({"retryAfterSeconds":0.5})").wait == 500ms));
  BOOST_TEST((read_error_body(R"({"retryAfterSeconds":1e300})").wait == 1h));
}

BOOST_AUTO_TEST_CASE(a_sentence_that_another_follows_ends_in_one_mark) {
  BOOST_TEST(without_stop("provided.. ") == "provided");
  BOOST_TEST(without_stop(".") == "");
  BOOST_TEST(without_stop("") == "");
  BOOST_TEST(with_stop("provided.") == "provided.");
  BOOST_TEST(with_stop("provided") == "provided.");
  BOOST_TEST(with_stop("https?") == "https?");
}

BOOST_AUTO_TEST_SUITE_END()
