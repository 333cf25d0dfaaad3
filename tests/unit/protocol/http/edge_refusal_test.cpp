#include "protocol/http/edge_refusal.hpp"

#include "protocol/http/edge_request_id.hpp"

#include <nlohmann/json.hpp>

#include <boost/test/unit_test.hpp>

#include <set>

namespace http = perennial::http;

BOOST_AUTO_TEST_SUITE(http_refusal)

BOOST_AUTO_TEST_CASE(every_reason_has_a_name_and_a_status_with_a_phrase) {
  std::set<std::string_view> names;
  for (size_t i = 0; i < http::refusal_reasons; ++i) {
    const auto reason = static_cast<http::refusal_reason>(i);
    BOOST_TEST(names.insert(to_string(reason)).second);
    BOOST_TEST(http::reason_phrase(status_of(reason)) != "Unknown");
  }
  BOOST_TEST(status_of(http::refusal_reason::stopping) == 503); // the last one
}

BOOST_AUTO_TEST_CASE(a_refusal_is_an_answer_in_the_form_of_the_api) {
  const auto text =
    http::render({http::refusal_reason::ambiguous_length, "Two \"lengths\"."}, "req_1", {});
  BOOST_TEST(text.starts_with("HTTP/1.1 400 Bad Request\r\n"));
  BOOST_TEST(text.find("\r\nConnection: close\r\n") != std::string::npos);
  BOOST_TEST(text.find("\r\nx-request-id: req_1\r\n") != std::string::npos);
  BOOST_TEST(text.find("Retry-After") == std::string::npos);
  const auto json = nlohmann::json::parse(text.substr(text.find("\r\n\r\n") + 4));
  BOOST_TEST(json["error"]["message"] == "Two \"lengths\".");
  BOOST_TEST(json["error"]["type"] == "invalid_request_error");
  BOOST_TEST(json["error"]["code"] == "ambiguous_length");
  BOOST_TEST(json["error"]["param"].is_null());
}

BOOST_AUTO_TEST_CASE(a_503_says_when_to_come_back) {
  const auto text =
    http::render({http::refusal_reason::too_many_uploads, "Later."}, "r", std::chrono::seconds{7});
  BOOST_TEST(text.starts_with("HTTP/1.1 503 "));
  BOOST_TEST(text.find("\r\nRetry-After: 7\r\n") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_request_id_of_the_client_is_taken_only_if_it_is_harmless) {
  const auto choose = [](const std::string& id) { return http::choose_request_id(&id); };
  BOOST_TEST(choose("abc-1.2_3") == "abc-1.2_3");
  for (const auto& bad : {std::string{}, std::string{"a b"}, std::string{"a\r\nb"},
                          std::string(65, 'a'), std::string{"ä"}, std::string{"<a>"}})
    BOOST_TEST(choose(bad).starts_with("req_"), bad);
  BOOST_TEST(http::choose_request_id(nullptr).size() == 20U);
  BOOST_TEST(http::new_request_id() != http::new_request_id());
}

BOOST_AUTO_TEST_SUITE_END()
