// Hostile requests on real sockets: each is answered in the form of the API, then the connection is
// closed, so that nothing behind it is taken for a request.
#include "edge_fixture.hpp"

#include "protocol/base/bytes.hpp"

#include <random>
#include <string>
#include <vector>

using namespace perennial;
using namespace perennial::test;

namespace {

struct bad_request {
  const char* what;
  std::string text;
  int status;
  const char* code;
};

const std::string smuggled = "GET /throw HTTP/1.1\r\nHost: a\r\n\r\n";

std::vector<bad_request> bad_requests() {
  const auto post = [](const std::string& headers, const std::string& body) {
    return "POST /echo HTTP/1.1\r\nHost: a\r\n" + headers + "\r\n" + body;
  };
  return {
    {"both lengths, length first",
     post("Content-Length: 6\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\nX" + smuggled), 400,
     "ambiguous_length"},
    {"both lengths, chunked first",
     post("Transfer-Encoding: chunked\r\nContent-Length: 4\r\n", "1c\r\n" + smuggled), 400,
     "ambiguous_length"},
    {"two lengths", post("Content-Length: 0\r\nContent-Length: 40\r\n", smuggled), 400,
     "ambiguous_length"},
    {"a length with a sign", post("Content-Length: +0\r\n", smuggled), 400, "ambiguous_length"},
    {"a space before the colon", post("Content-Length : 40\r\n", smuggled), 400,
     "malformed_request"},
    {"chunked in disguise", post("Transfer-Encoding: xchunked\r\n", smuggled), 400,
     "ambiguous_length"},
    {"chunked behind a bare LF", post("X: y\nTransfer-Encoding: chunked\r\n", smuggled), 400,
     "malformed_request"},
    {"chunked in a folded line", post("X: y\r\n Transfer-Encoding: chunked\r\n", smuggled), 400,
     "malformed_request"},
    {"a chunk of a broken size",
     post("Transfer-Encoding: chunked\r\n", "0x3\r\nabc\r\n" + smuggled), 400, "bad_chunk"},
    {"a chunk that is longer than it says",
     post("Transfer-Encoding: chunked\r\n", "3\r\nabcd\r\n0\r\n\r\n" + smuggled), 400, "bad_chunk"},
    {"a chunk size of 2^64 and a bit",
     post("Transfer-Encoding: chunked\r\n", "10000000000000003\r\nabc\r\n0\r\n\r\n" + smuggled),
     400, "bad_chunk"},
    {"an endless chunk extension",
     post("Transfer-Encoding: chunked\r\n", "3;" + std::string(100'000, 'x')), 400, "bad_chunk"},
    {"endless trailers",
     post("Transfer-Encoding: chunked\r\n", "0\r\nX: " + std::string(100'000, 'x')), 400,
     "bad_chunk"},
    {"no host", "GET /ok HTTP/1.1\r\n\r\n", 400, "bad_host"},
    {"a body over the limit", post("Content-Length: 2000000\r\n", std::string(2'000'000, 'x')), 413,
     "body_too_large"},
    {"chunks over the limit",
     post("Transfer-Encoding: chunked\r\n", "200000\r\n" + std::string(2'000'000, 'x')), 413,
     "body_too_large"},
    {"a compressed body", post("Content-Encoding: gzip\r\nContent-Length: 4\r\n", "abcd"), 415,
     "content_encoding_unsupported"},
    {"an endless target", "GET /" + std::string(100'000, 'x'), 414, "target_too_long"},
    {"another version", "GET /ok HTTP/3.0\r\nHost: a\r\n\r\n", 505, "unknown_version"},
    {"another method", "BREW /ok HTTP/1.1\r\nHost: a\r\n\r\n", 501, "unknown_method"},
    {"TLS on a plain port", "\x16\x03\x01\x02", 400, "malformed_request"},
    {"HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505, "unknown_version"},
  };
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(edge_refusals, running_edge)

BOOST_AUTO_TEST_CASE(what_could_be_smuggled_is_refused_and_the_connection_closed) {
  for (const auto& [what, text, status, code] : bad_requests()) {
    BOOST_TEST_CONTEXT(what) {
      auto client = connect();
      client.send(text);
      const auto answer = client.answer();
      BOOST_TEST(answer.status == status);
      BOOST_REQUIRE(answer.whole);
      BOOST_TEST(error_of(answer)["code"] == code);
      BOOST_TEST(answer.headers.at("connection") == "close");
      BOOST_TEST(client.closed_by_server());
    }
  }
  BOOST_TEST(server->counters().handler_exceptions == 0U); // nothing smuggled got through
  BOOST_TEST(server->counters().requests == 0U);
}

BOOST_AUTO_TEST_CASE(two_hundred_thousand_headers_are_refused_after_the_first_few) {
  const auto before = resident_bytes();
  std::string text = "GET /ok HTTP/1.1\r\nHost: a\r\n";
  for (auto i = 0; i < 200'000; ++i) text += "X-" + std::to_string(i) + ": y\r\n";
  const auto answer = ask(text + "\r\n");
  BOOST_TEST(answer.status == 431);
  BOOST_TEST(error_of(answer)["code"] == "too_many_headers");
  BOOST_TEST(resident_bytes() < before + 16 * mib); // the client's own text is in there
}

BOOST_AUTO_TEST_CASE(an_endless_header_line_is_refused_as_soon_as_it_is_too_long) {
  const auto before = resident_bytes();
  auto client = connect();
  client.send("GET /ok HTTP/1.1\r\nHost: a\r\nX-Endless: ");
  const std::string piece(64 * kib, 'x');
  uint64_t sent = 0;
  while (sent < 200 * mib && client.send(piece)) sent += piece.size();
  BOOST_TEST(sent < 20 * mib); // what fits into the kernel's buffers
  const auto answer = client.answer();
  BOOST_TEST(answer.status == 431);
  BOOST_TEST(error_of(answer)["code"] == "head_too_large");
  BOOST_TEST(resident_bytes() < before + 8 * mib);
}

BOOST_AUTO_TEST_CASE(a_refusal_is_counted_by_its_reason) {
  ask("GET /ok HTTP/1.1\r\n\r\n");
  ask("GET /ok HTTP/1.1\r\n\r\n");
  BOOST_TEST(server->counters().refusals(http::refusal_reason::bad_host) == 2U);
  BOOST_TEST(server->counters().refusals(http::refusal_reason::malformed) == 0U);
}

BOOST_AUTO_TEST_CASE(random_bytes_never_bring_it_down) {
  std::mt19937 random{42}; // the same every time
  const std::vector<std::string> words{"GET ",
                                       "POST ",
                                       "/echo",
                                       "/upload",
                                       " HTTP/1.1",
                                       "\r\n",
                                       "\r\n\r\n",
                                       "Host: a\r\n",
                                       "\n",
                                       ":",
                                       "Content-Length: 5\r\n",
                                       "Transfer-Encoding: chunked\r\n",
                                       "5\r\nhello\r\n",
                                       "0\r\n\r\n",
                                       "Expect: 100-continue\r\n",
                                       std::string(1, '\0'),
                                       "\xff",
                                       " ",
                                       "%",
                                       "?"};
  for (auto round = 0; round < 400; ++round) {
    std::string text = round % 2 == 0 ? "POST /echo HTTP/1.1\r\nHost: a\r\n" : "";
    for (auto n = random() % 20; n > 0; --n)
      text += random() % 5 == 0 ? std::string(1, static_cast<char>(random()))
                                : words[random() % words.size()];
    auto client = connect();
    client.send(text);
    client.end_sending();
    BOOST_REQUIRE(client.closed_by_server());
  }
  BOOST_TEST(ask(request("GET", "/ok")).status == 200);
  BOOST_TEST(server->counters().handler_exceptions == 0U);
}

BOOST_AUTO_TEST_SUITE_END()
