#include "edge_fixture.hpp"

#include <string>

using namespace perennial;
using namespace perennial::test;

BOOST_FIXTURE_TEST_SUITE(edge_routes, running_edge)

BOOST_AUTO_TEST_CASE(a_connection_serves_as_many_requests_as_its_client_likes) {
  auto client = connect();
  for (auto i = 0; i < 500; ++i) {
    client.send(request("GET", "/ok"));
    const auto answer = client.answer();
    BOOST_REQUIRE(answer.status == 200);
    BOOST_REQUIRE(answer.body == "fine");
    BOOST_REQUIRE(!answer.headers.contains("connection"));
  }
  BOOST_TEST(server->counters().requests == 500U);
  BOOST_TEST(server->counters().accepted == 1U);
}

BOOST_AUTO_TEST_CASE(requests_in_one_packet_are_answered_in_their_order) {
  auto client = connect();
  client.send(request("POST", "/echo", "", "one") + request("GET", "/ok") +
              request("POST", "/echo", "Transfer-Encoding: chunked\r\n") + "3\r\ntwo\r\n0\r\n\r\n" +
              request("GET", "/nothing") + request("GET", "/ok", "Connection: close\r\n"));
  BOOST_TEST(nlohmann::json::parse(client.answer().body)["body"] == "one");
  BOOST_TEST(client.answer().body == "fine");
  BOOST_TEST(nlohmann::json::parse(client.answer().body)["body"] == "two");
  BOOST_TEST(client.answer().status == 404);
  const auto last = client.answer();
  BOOST_TEST(last.body == "fine");
  BOOST_TEST(last.headers.at("connection") == "close");
  BOOST_TEST(client.closed_by_server());
}

BOOST_AUTO_TEST_CASE(a_request_may_come_byte_by_byte) {
  auto client = connect();
  for (const auto c : request("POST", "/echo?a=b", "X-Thing: 1\r\n", "hello"))
    client.send(std::string_view{&c, 1});
  const auto json = nlohmann::json::parse(client.answer().body);
  BOOST_TEST(json["body"] == "hello");
  BOOST_TEST(json["params"]["a"] == "b");
  BOOST_TEST(json["headers"]["X-Thing"] == "1");
  BOOST_TEST(json["remote"] == "127.0.0.1");
}

BOOST_AUTO_TEST_CASE(headers_reach_a_handler_as_they_were_sent) {
  const auto json =
    nlohmann::json::parse(ask(request("GET", "/echo",
                                      "Authorization: Bearer a%0d%0ab\r\nREMOTE_ADDR: 1.2.3.4\r\n"
                                      "Range: bytes=0-1\r\nAccept-Encoding: gzip, br\r\n"))
                            .body);
  BOOST_TEST(json["headers"]["Authorization"] == "Bearer a%0d%0ab");
  BOOST_TEST(json["headers"]["Range"] == "bytes=0-1"); // and the answer was not cut by it
  BOOST_TEST(json["remote"] == "127.0.0.1");
  BOOST_TEST(!json["headers"].contains("Accept-Encoding"));
}

BOOST_AUTO_TEST_CASE(an_unknown_route_is_a_404_in_the_form_of_the_api) {
  const auto answer = ask(request("GET", "/nothing"));
  BOOST_TEST(answer.status == 404);
  const auto error = error_of(answer);
  BOOST_TEST(error["type"] == "invalid_request_error");
  BOOST_TEST(error["message"] == "Unknown request URL: GET /nothing");
  BOOST_TEST(ask(request("PUT", "/ok", "", "x")).status == 404);
}

BOOST_AUTO_TEST_CASE(a_bare_status_gets_an_error_body) {
  const auto answer = ask(request("GET", "/teapot"));
  BOOST_TEST(answer.status == 418);
  error_of(answer);
}

BOOST_AUTO_TEST_CASE(what_a_handler_throws_stays_inside) {
  auto client = connect();
  client.send(request("GET", "/throw", "x-request-id: my-id\r\n"));
  const auto answer = client.answer();
  BOOST_TEST(answer.status == 500);
  BOOST_TEST(answer.headers.at("x-request-id") == "my-id");
  BOOST_TEST(error_of(answer)["message"].get<std::string>().find("my-id") != std::string::npos);
  BOOST_TEST(answer.body.find("secret") == std::string::npos);
  BOOST_TEST(!answer.headers.contains("exception_what"));
  BOOST_TEST(!answer.headers.contains("x-evil"));
  client.send(request("GET", "/ok")); // and the connection goes on
  BOOST_TEST(client.answer().status == 200);
  BOOST_TEST(server->counters().handler_exceptions == 1U);
}

BOOST_AUTO_TEST_CASE(every_answer_has_a_request_id_and_no_banner) {
  const auto own = ask(request("GET", "/ok"));
  BOOST_TEST(own.headers.at("x-request-id").starts_with("req_"));
  BOOST_TEST(!own.headers.contains("server"));
  const auto given = ask(request("GET", "/ok", "X-Request-ID: abc.1\r\n"));
  BOOST_TEST(given.headers.at("x-request-id") == "abc.1");
  const auto bad = ask(request("GET", "/ok", "X-Request-ID: a%0d%0aX-Evil: 1\r\n"));
  BOOST_TEST(bad.headers.at("x-request-id").starts_with("req_"));
}

BOOST_AUTO_TEST_CASE(HEAD_gets_the_head_only) {
  auto client = connect();
  client.send(request("HEAD", "/ok") + request("HEAD", "/provider?bytes=1000") +
              request("GET", "/ok"));
  const auto first = client.answer(true);
  BOOST_TEST(first.status == 200);
  BOOST_TEST(first.headers.at("content-length") == "4");
  BOOST_TEST(client.answer(true).headers.at("content-length") == "1000");
  BOOST_TEST(client.answer().body == "fine");
}

BOOST_AUTO_TEST_CASE(HTTP_1_0_is_served_and_closed_unless_asked_otherwise) {
  auto client = connect();
  client.send("GET /ok HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  BOOST_TEST(client.answer().headers.at("connection") == "keep-alive");
  client.send("GET /chunks HTTP/1.0\r\n\r\n");
  const auto answer = client.answer();
  BOOST_TEST(answer.headers.at("connection") == "close");
  BOOST_TEST(!answer.headers.contains("transfer-encoding"));
  BOOST_TEST(answer.body == "ababababab");
}

BOOST_AUTO_TEST_CASE(content_providers_are_sent_whole) {
  auto client = connect();
  client.send(request("GET", "/provider?bytes=1000000") + request("GET", "/chunks") +
              request("GET", "/ok"));
  const auto sized = client.answer();
  BOOST_TEST(sized.body.size() == 1'000'000U);
  BOOST_TEST(sized.body.substr(0, 100) == std::string(100, 'a'));
  const auto chunks = client.answer();
  BOOST_TEST(chunks.whole);
  BOOST_TEST(chunks.body == "ababababab");
  BOOST_TEST(client.answer().body == "fine");
}

BOOST_AUTO_TEST_CASE(an_answer_that_breaks_off_is_seen_as_broken) {
  auto client = connect();
  client.send(request("GET", "/broken-provider"));
  const auto answer = client.answer();
  BOOST_TEST(answer.status == 200);
  BOOST_TEST(!answer.whole);
  BOOST_TEST(answer.body.size() < 1000U);
}

BOOST_AUTO_TEST_CASE(a_large_answer_is_sent_whole_to_a_client_that_takes_little_at_once) {
  auto client = connect(4096);
  client.send(request("GET", "/large?bytes=5000000") + request("GET", "/ok"));
  BOOST_TEST(client.answer().body.size() == 5'000'000U);
  BOOST_TEST(client.answer().body == "fine");
}

BOOST_AUTO_TEST_CASE(a_client_that_waits_for_100_is_told_to_go_on) {
  auto client = connect();
  client.send(
    "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n");
  BOOST_TEST(client.answer(false, true).status == 100);
  client.send("hello");
  BOOST_TEST(nlohmann::json::parse(client.answer().body)["body"] == "hello");
}

BOOST_AUTO_TEST_CASE(a_client_that_waits_for_100_with_too_much_is_refused_before_it_sends) {
  auto client = connect();
  client.send(
    "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5000000\r\nExpect: 100-continue\r\n\r\n");
  BOOST_TEST(client.answer(false, true).status == 413);
}

BOOST_AUTO_TEST_CASE(httplibs_content_readers_work) {
  BOOST_TEST(ask(request("POST", "/read", "", "hello")).body == "hello");
  BOOST_TEST(
    ask(request("POST", "/read", "Transfer-Encoding: chunked\r\n") + "5\r\nhello\r\n0\r\n\r\n")
      .body == "hello");
}

BOOST_AUTO_TEST_CASE(a_DELETE_with_a_body_does_not_disturb_the_next_request) {
  auto client = connect();
  const auto hidden = request("GET", "/throw");
  client.send(request("DELETE", "/echo", "Transfer-Encoding: chunked\r\n") +
              fmt::format("{:x}\r\n{}\r\n0\r\n\r\n", hidden.size(), hidden) +
              request("GET", "/ok"));
  BOOST_TEST(client.answer().status == 200);
  BOOST_TEST(client.answer().body == "fine");
  BOOST_TEST(server->counters().handler_exceptions == 0U);
}

BOOST_AUTO_TEST_CASE(a_GET_with_a_body_does_not_disturb_the_next_request) {
  auto client = connect();
  const auto hidden = request("GET", "/throw");
  client.send(request("GET", "/ok", "", hidden) + request("GET", "/ok"));
  BOOST_TEST(client.answer().body == "fine");
  BOOST_TEST(client.answer().body == "fine");
  BOOST_TEST(server->counters().requests == 2U);
}

BOOST_AUTO_TEST_CASE(a_client_that_says_no_more_will_come_still_gets_its_answer) {
  auto client = connect();
  client.send(request("GET", "/ok"));
  client.end_sending();
  BOOST_TEST(client.answer().body == "fine");
  BOOST_TEST(client.closed_by_server());
}

BOOST_AUTO_TEST_SUITE_END()
