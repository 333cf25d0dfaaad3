// Streaming routes: bodies of any size, read as they come.
#include "edge_fixture.hpp"

#include "protocol/base/bytes.hpp"
#include "protocol/base/hash.hpp"

#include <string>

using namespace perennial;
using namespace perennial::test;

namespace {

std::string upload_head(const std::string& headers, const std::string& path = "/upload") {
  return "POST " + path + " HTTP/1.1\r\nHost: a\r\n" + headers + "\r\n";
}

std::string some_bytes(size_t size) {
  std::string out(size, '\0');
  for (size_t i = 0; i < size; ++i) out[i] = static_cast<char>(i * 131 >> 3);
  return out;
}

std::string hash_of(std::string_view bytes) { return to_hex(sha256(bytes)); }

} // namespace

BOOST_FIXTURE_TEST_SUITE(edge_uploads, running_edge)

BOOST_AUTO_TEST_CASE(a_large_upload_leaves_the_memory_as_it_was) {
  constexpr uint64_t size = 256 * mib;
  const auto piece = some_bytes(1 * mib);
  auto client = connect();
  client.send(upload_head("Content-Length: " + std::to_string(size) + "\r\n"));
  client.send(piece);
  const auto before = resident_bytes();
  for (uint64_t sent = piece.size(); sent < size; sent += piece.size())
    BOOST_REQUIRE(client.send(piece));
  const auto answer = client.answer();
  BOOST_TEST(answer.status == 200);
  BOOST_TEST(nlohmann::json::parse(answer.body)["bytes"] == size);
  BOOST_TEST(resident_bytes() < before + 4 * mib);
  const auto record = wait_for_upload();
  BOOST_TEST(record.bytes / record.pieces > 16 * kib); // pieces, not crumbs
  sha256_stream expected;
  for (uint64_t sent = 0; sent < size; sent += piece.size()) expected.update(piece);
  BOOST_TEST(record.sha256 == to_hex(expected.finish()));
}

BOOST_AUTO_TEST_CASE(chunked_uploads_are_put_together_and_the_connection_goes_on) {
  const auto bytes = some_bytes(3'000'000);
  std::string text = upload_head("Transfer-Encoding: chunked\r\n");
  size_t size = 1;
  for (size_t at = 0; at < bytes.size(); at += size) {
    size = std::min(size * 3 % 70'001 + 1, bytes.size() - at);
    text += fmt::format("{:x}\r\n", size) + bytes.substr(at, size) + "\r\n";
  }
  auto client = connect();
  std::thread sender{[&] { client.send(text + "0\r\n\r\n" + request("GET", "/ok")); }};
  sender.join();
  const auto answer = client.answer();
  BOOST_TEST(nlohmann::json::parse(answer.body)["sha256"] == hash_of(bytes));
  BOOST_TEST(client.answer().body == "fine");
}

BOOST_AUTO_TEST_CASE(small_sized_and_empty_uploads_come_whole) {
  auto client = connect();
  for (const auto size : {0U, 1U, 5U, 1'048'576U, 1'048'577U}) {
    const auto bytes = some_bytes(size);
    client.send(upload_head("Content-Length: " + std::to_string(size) + "\r\n") + bytes);
    const auto answer = client.answer();
    BOOST_TEST(answer.status == 200);
    BOOST_TEST(nlohmann::json::parse(answer.body)["sha256"] == hash_of(bytes));
  }
  client.send(upload_head("")); // no body at all
  BOOST_TEST(nlohmann::json::parse(client.answer().body)["bytes"] == 0);
}

BOOST_AUTO_TEST_CASE(an_upload_cut_in_the_middle_is_an_error_for_its_handler) {
  for (const auto* framing : {"Content-Length: 9000000\r\n", "Transfer-Encoding: chunked\r\n"}) {
    for (const auto reset : {false, true}) {
      auto client = connect();
      client.send(upload_head(framing) + "200000\r\n" + some_bytes(1'500'000));
      if (reset) {
        client.reset();
      } else {
        client.end_sending();
        BOOST_TEST(!client.answer().whole);
      }
      BOOST_TEST(wait_for_upload().error == "unavailable");
    }
  }
  BOOST_TEST(eventually([this] { return server->counters().connections == 0U; }));
}

BOOST_AUTO_TEST_CASE(broken_chunks_are_an_error_for_the_handler_and_a_400) {
  auto client = connect();
  client.send(upload_head("Transfer-Encoding: chunked\r\n") + "5\r\nhelloX");
  const auto answer = client.answer();
  BOOST_TEST(answer.status == 400);
  BOOST_TEST(error_of(answer)["code"] == "bad_chunk");
  BOOST_TEST(wait_for_upload().error == "invalid_input");
  BOOST_TEST(client.closed_by_server());
}

BOOST_AUTO_TEST_CASE(a_route_has_its_own_limit) {
  BOOST_TEST(ask(upload_head("Content-Length: 10\r\n", "/upload-10/abc") + "0123456789").status ==
             200);
  BOOST_TEST(ask(upload_head("Content-Length: 11\r\n", "/upload-10/abc")).status == 413);
  BOOST_TEST(ask(upload_head("Transfer-Encoding: chunked\r\n", "/upload-10/abc") +
                 "a\r\n0123456789\r\n0\r\n\r\n")
               .status == 200);
  const auto over = ask(upload_head("Transfer-Encoding: chunked\r\n", "/upload-10/abc") +
                        "b\r\n0123456789a\r\n0\r\n\r\n");
  BOOST_TEST(over.status == 413);
  BOOST_TEST(error_of(over)["code"] == "body_too_large");
  BOOST_TEST(ask(request("POST", "/upload-10/a/b", "", "x")).status == 404);
}

BOOST_AUTO_TEST_CASE(a_handler_may_answer_before_the_body_has_come) {
  auto client = connect();
  client.send(upload_head("Content-Length: 100000000\r\n", "/upload-refused") +
              some_bytes(100'000));
  while (client.send(std::string(100'000, 'x'))) {
  } // until it hears the answer
  const auto answer = client.answer();
  BOOST_TEST(answer.status == 401);
  BOOST_TEST(answer.headers.at("connection") == "close");
  error_of(answer);
  BOOST_TEST(client.closed_by_server());
}

BOOST_AUTO_TEST_CASE(a_client_that_waits_for_100_need_not_send_what_is_refused) {
  auto client = connect();
  const auto* headers = "Content-Length: 5000000\r\nExpect: 100-continue\r\n";
  client.send(upload_head(headers, "/upload-refused"));
  BOOST_TEST(client.answer(false, true).status == 401);

  auto other = connect();
  other.send(upload_head(headers));
  BOOST_TEST(other.answer(false, true).status == 100);
  std::thread sender{[&] { other.send(some_bytes(5'000'000)); }};
  sender.join();
  BOOST_TEST(other.answer().status == 200);
}

BOOST_AUTO_TEST_CASE(what_a_streaming_handler_throws_stays_inside) {
  const auto answer = ask(upload_head("Content-Length: 5\r\n", "/upload-throws") + "hello");
  BOOST_TEST(answer.status == 500);
  BOOST_TEST(answer.body.find("secret") == std::string::npos);
  error_of(answer);
  BOOST_TEST(server->counters().handler_exceptions == 1U);
}

BOOST_AUTO_TEST_CASE(more_uploads_than_threads_are_asked_to_come_back) {
  http::edge_limits limits;
  limits.upload_threads = 1;
  running_edge small{limits};
  auto first = small.connect();
  first.send(upload_head("Content-Length: 5\r\n", "/upload-wait") + "hello");
  small.at_wait.wait_for(1);
  const auto refused = small.ask(upload_head("Content-Length: 5\r\n") + "hello");
  BOOST_TEST(refused.status == 503);
  BOOST_TEST(refused.headers.at("retry-after") == "2");
  BOOST_TEST(error_of(refused)["code"] == "too_many_uploads");
  small.at_wait.open();
  BOOST_TEST(first.answer().status == 200);
  BOOST_TEST(small.ask(upload_head("Content-Length: 5\r\n") + "hello").status == 200);
}

BOOST_AUTO_TEST_SUITE_END()
