#include "protocol/http/head.hpp"

#include "protocol/http/head_scanner.hpp"
#include "protocol/http/head_target.hpp"

#include <boost/test/unit_test.hpp>

#include <string>
#include <vector>

namespace http = perennial::http;
using http::refusal_reason;

BOOST_AUTO_TEST_SUITE(http_heads)

namespace {

const http::edge_limits limits;

auto parse(const std::string& text) { return http::parse_head(text, limits); }

std::string get(const std::string& headers) {
  return "GET / HTTP/1.1\r\nHost: a\r\n" + headers + "\r\n";
}

std::string post(const std::string& headers) {
  return "POST / HTTP/1.1\r\nHost: a\r\n" + headers + "\r\n";
}

/// A head that two readers could understand in two ways, or none in one.
struct bad_head {
  const char* what;
  std::string text;
  refusal_reason reason;
};

std::vector<bad_head> bad_heads() {
  using enum refusal_reason;
  using namespace std::string_literals;
  return {
    {"both lengths", post("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"), ambiguous_length},
    {"both, the other way", post("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n"),
     ambiguous_length},
    {"two lengths", post("Content-Length: 5\r\nContent-Length: 6\r\n"), ambiguous_length},
    {"two equal lengths", post("Content-Length: 5\r\nContent-Length: 5\r\n"), ambiguous_length},
    {"a list of lengths", post("Content-Length: 5, 5\r\n"), ambiguous_length},
    {"a signed length", post("Content-Length: +5\r\n"), ambiguous_length},
    {"a negative length", post("Content-Length: -5\r\n"), ambiguous_length},
    {"a hexadecimal length", post("Content-Length: 0x5\r\n"), ambiguous_length},
    {"an empty length", post("Content-Length:\r\n"), ambiguous_length},
    {"a length with a fraction", post("Content-Length: 5.0\r\n"), ambiguous_length},
    {"a length with a blank", post("Content-Length: 5 5\r\n"), ambiguous_length},
    {"an overflowing length", post("Content-Length: 18446744073709551617\r\n"), ambiguous_length},
    {"a length of too many digits", post("Content-Length: 0000000000000000005\r\n"),
     ambiguous_length},
    {"two encodings", post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"),
     ambiguous_length},
    {"identity, then chunked", post("Transfer-Encoding: identity, chunked\r\n"), ambiguous_length},
    {"gzip", post("Transfer-Encoding: gzip\r\n"), ambiguous_length},
    {"xchunked", post("Transfer-Encoding: xchunked\r\n"), ambiguous_length},
    {"chunked in quotes", post("Transfer-Encoding: \"chunked\"\r\n"), ambiguous_length},
    {"percent-encoded chunked", post("Transfer-Encoding: chunke%64\r\n"), ambiguous_length},
    {"chunked with a vertical tab",
     post("Transfer-Encoding: \x0b"
          "chunked\r\n"),
     malformed},
    {"an empty encoding", post("Transfer-Encoding:\r\n"), ambiguous_length},
    {"chunks on HTTP/1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n",
     ambiguous_length},
    {"a space before the colon", post("Content-Length : 5\r\n"), malformed},
    {"a tab before the colon", post("Transfer-Encoding\t: chunked\r\n"), malformed},
    {"a folded line", get("X-A: 1\r\n 2\r\n"), malformed},
    {"a line folded by a tab", get("X-A: 1\r\n\t2\r\n"), malformed},
    {"a first line that is folded", "GET / HTTP/1.1\r\n Host: a\r\n\r\n", malformed},
    {"a line without a colon", get("nonsense\r\n"), malformed},
    {"a line without a name", get(": a\r\n"), malformed},
    {"a name with a slash", get("a/b: c\r\n"), malformed},
    {"a name beyond ASCII", get("a\xc3\xa4: c\r\n"), malformed},
    {"a NUL in a value", get("X-A: a\0b\r\n"s), malformed},
    {"a NUL in a name", get("X\0A: b\r\n"s), malformed},
    {"a CR in a value", get("X-A: a\rContent-Length: 5\r\n"), malformed},
    {"a LF in a value", get("X-A: a\nContent-Length: 5\r\n"), malformed},
    {"no Host", "GET / HTTP/1.1\r\n\r\n", bad_host},
    {"two Hosts", get("Host: b\r\n"), bad_host},
    {"two Hosts on HTTP/1.0", "GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n", bad_host},
    {"a Host with a path", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", bad_host},
    {"a Host with a user", "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", bad_host},
    {"a Host with a blank", "GET / HTTP/1.1\r\nHost: a b\r\n\r\n", bad_host},
    {"a Host with a bad port", "GET / HTTP/1.1\r\nHost: a:b\r\n\r\n", bad_host},
    {"an unknown method", "BREW / HTTP/1.1\r\nHost: a\r\n\r\n", unknown_method},
    {"CONNECT", "CONNECT / HTTP/1.1\r\nHost: a\r\n\r\n", unknown_method},
    {"a method in lower case", "get / HTTP/1.1\r\nHost: a\r\n\r\n", unknown_method},
    {"a method that is no token", "G(T / HTTP/1.1\r\nHost: a\r\n\r\n", malformed},
    {"HTTP/2.0", "GET / HTTP/2.0\r\nHost: a\r\n\r\n", unknown_version},
    {"HTTP/1.2", "GET / HTTP/1.2\r\nHost: a\r\n\r\n", unknown_version},
    {"HTTP/0.9", "GET / HTTP/0.9\r\nHost: a\r\n\r\n", unknown_version},
    {"no version", "GET /\r\nHost: a\r\n\r\n", malformed},
    {"another protocol", "GET / ICY/1.1\r\nHost: a\r\n\r\n", malformed},
    {"a version of two digits", "GET / HTTP/1.10\r\nHost: a\r\n\r\n", malformed},
    {"two spaces", "GET  / HTTP/1.1\r\nHost: a\r\n\r\n", malformed},
    {"a space in the target", "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", malformed},
    {"a tab as a separator", "GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n", malformed},
    {"a target without a slash", "GET a HTTP/1.1\r\nHost: a\r\n\r\n", malformed},
    {"an asterisk for GET", "GET * HTTP/1.1\r\nHost: a\r\n\r\n", malformed},
    {"a fragment", "GET /#a HTTP/1.1\r\nHost: a\r\n\r\n", malformed},
    {"a target beyond ASCII", "GET /\xc3\xa4 HTTP/1.1\r\nHost: a\r\n\r\n", malformed},
    {"a broken escape", "GET /%4 HTTP/1.1\r\nHost: a\r\n\r\n", malformed},
    {"an escape of no digits", "GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n", malformed},
    {"an encoded NUL", "GET /a%00b HTTP/1.1\r\nHost: a\r\n\r\n", malformed},
    {"an encoded line end", "GET /a%0d%0ab HTTP/1.1\r\nHost: a\r\n\r\n", malformed},
    {"an absolute target without a host", "GET http:///a HTTP/1.1\r\nHost: a\r\n\r\n", malformed},
    {"https", "GET https://a/ HTTP/1.1\r\nHost: a\r\n\r\n", malformed},
    {"a long path", "GET /" + std::string(2000, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n",
     target_too_long},
    {"a long query", "GET /?" + std::string(9000, 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n",
     target_too_long},
    {"an expectation", post("Expect: a-miracle\r\n"), expectation},
    {"a compressed body", post("Content-Encoding: gzip\r\nContent-Length: 3\r\n"),
     content_encoding},
    {"an empty request line", "\r\n\r\n", malformed},
    {"no end", "GET / HTTP/1.1\r\nHost: a\r\n", malformed},
  };
}

} // namespace

BOOST_AUTO_TEST_SUITE(http_head)

BOOST_AUTO_TEST_CASE(a_plain_head_is_read) {
  const auto head = parse("POST /v1/files%20x?limit=2&a=b HTTP/1.1\r\nHost: localhost:7733\r\n"
                          "Content-Length: 12\r\nX-Thing:  a b \t\r\n\r\n");
  BOOST_REQUIRE(head);
  BOOST_TEST(head->method == "POST");
  BOOST_TEST(head->path == "/v1/files x");
  BOOST_TEST(head->target == "/v1/files%20x?limit=2&a=b");
  BOOST_TEST(head->query == "limit=2&a=b");
  BOOST_TEST(*head->content_length == 12U);
  BOOST_TEST(!head->chunked);
  BOOST_TEST(head->keep_alive);
  BOOST_TEST(*head->header("x-thing") == "a b");
  BOOST_TEST(head->header("y") == nullptr);
}

BOOST_AUTO_TEST_CASE(what_could_be_read_in_two_ways_is_refused) {
  for (const auto& [what, text, reason] : bad_heads()) {
    const auto head = parse(text);
    BOOST_TEST_CONTEXT(what) {
      BOOST_REQUIRE(!head);
      BOOST_TEST(to_string(head.error().reason) == to_string(reason));
      BOOST_TEST(!head.error().message.empty());
    }
  }
}

BOOST_AUTO_TEST_CASE(header_values_are_kept_as_they_were_sent) {
  const auto head = parse(get("Authorization: Bearer a%0d%0ab\r\nX-Obs: \xff\r\n"));
  BOOST_REQUIRE(head);
  BOOST_TEST(*head->header("authorization") == "Bearer a%0d%0ab");
  BOOST_TEST(*head->header("x-obs") == "\xff");
}

BOOST_AUTO_TEST_CASE(connection_decides_about_keep_alive) {
  BOOST_TEST(parse(get(""))->keep_alive);
  BOOST_TEST(!parse(get("Connection: close\r\n"))->keep_alive);
  BOOST_TEST(!parse(get("Connection: TE, Close\r\n"))->keep_alive);
  BOOST_TEST(!parse(get("Connection: keep-alive\r\nConnection: close\r\n"))->keep_alive);
  BOOST_TEST(!parse("GET / HTTP/1.0\r\n\r\n")->keep_alive);
  BOOST_TEST(parse("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n")->keep_alive);
}

BOOST_AUTO_TEST_CASE(chunked_and_continue_are_seen_whatever_their_case) {
  const auto head = parse(post("transfer-ENCODING: Chunked\r\nexpect: 100-Continue\r\n"));
  BOOST_REQUIRE(head);
  BOOST_TEST(head->chunked);
  BOOST_TEST(head->expects_continue);
}

BOOST_AUTO_TEST_CASE(an_absolute_target_counts_more_than_the_host_header) {
  const auto head = parse("GET http://b:80/c?d HTTP/1.1\r\nHost: a\r\n\r\n");
  BOOST_REQUIRE(head);
  BOOST_TEST(head->target == "/c?d");
  BOOST_TEST(*head->header("host") == "b:80");
  BOOST_TEST(parse("GET http://b HTTP/1.1\r\nHost: a\r\n\r\n")->path == "/");
  BOOST_TEST(parse("GET http://b?q=1 HTTP/1.1\r\nHost: a\r\n\r\n")->target == "/?q=1");
}

BOOST_AUTO_TEST_CASE(a_second_question_mark_is_a_part_of_the_query) {
  const auto head = parse("GET /a?b=c?d HTTP/1.1\r\nHost: a\r\n\r\n");
  BOOST_REQUIRE(head);
  BOOST_TEST(head->query == "b=c?d");
  BOOST_TEST(head->target == "/a?b=c%3Fd");
}

BOOST_AUTO_TEST_CASE(hosts_are_names_or_addresses_with_a_port) {
  for (const auto* good : {"", "a", "a.b-c:80", "127.0.0.1:7733", "[::1]", "[::1]:80", "a:"})
    BOOST_TEST(http::valid_host(good), good);
  for (const auto* bad :
       {":80", "[]", "[::1", "[::g]", "a:b", "a:123456", "[::1]80", "a,b", "a:1:2"})
    BOOST_TEST(!http::valid_host(bad), bad);
}

BOOST_AUTO_TEST_CASE(a_query_is_taken_apart_and_decoded) {
  const auto pairs = http::parse_query("a=1&b=x%20y+z&c&=no&d=e=f&&%41=%zz");
  using pair = std::pair<std::string, std::string>;
  const std::vector<pair> expected{
    {"a", "1"}, {"b", "x y z"}, {"c", ""}, {"d", "e=f"}, {"A", "%zz"}};
  BOOST_TEST((pairs == expected));
}

BOOST_AUTO_TEST_CASE(more_header_lines_than_allowed_are_refused) {
  std::string lines;
  for (size_t i = 1; i < limits.header_lines; ++i) lines += "a: b\r\n"; // and Host
  BOOST_TEST(parse(get(lines)).has_value());
  const auto one_more = parse(get(lines + "a: b\r\n"));
  BOOST_REQUIRE(!one_more);
  BOOST_TEST((one_more.error().reason == refusal_reason::too_many_headers));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(http_head_scanner)

using outcome = http::head_scanner::outcome;

BOOST_AUTO_TEST_CASE(the_end_is_found_wherever_the_pieces_are_cut) {
  const std::string text = "GET / HTTP/1.1\r\nHost: a\r\n\r\nrest";
  const auto end = text.size() - 4;
  for (size_t step = 1; step <= text.size(); ++step) {
    http::head_scanner scanner{limits};
    auto last = outcome::more;
    for (auto size = step; last == outcome::more; size += step)
      last = scanner.scan(std::string_view{text}.substr(0, size));
    BOOST_TEST((last == outcome::whole));
    BOOST_TEST(scanner.begin() == 0U);
    BOOST_TEST(scanner.end() == end);
  }
}

BOOST_AUTO_TEST_CASE(one_empty_line_before_a_request_is_skipped) {
  http::head_scanner scanner{limits};
  BOOST_TEST((scanner.scan("\r\nGET / HTTP/1.1\r\n\r\n") == outcome::whole));
  BOOST_TEST(scanner.begin() == 2U);
  http::head_scanner two{limits};
  BOOST_TEST((two.scan("\r\n\r\n") == outcome::refused));
}

BOOST_AUTO_TEST_CASE(a_bare_line_feed_is_refused_as_soon_as_it_comes) {
  for (const auto* text :
       {"GET / HTTP/1.1\n", "\n", "GET / HTTP/1.1\r\n\n", "GET / HTTP/1.1\r\na: b\n"}) {
    http::head_scanner scanner{limits};
    BOOST_TEST((scanner.scan(text) == outcome::refused), text);
  }
}

BOOST_AUTO_TEST_CASE(what_is_no_HTTP_is_refused_at_its_first_byte) {
  http::head_scanner scanner{limits};
  BOOST_TEST((scanner.scan("\x16\x03\x01") == outcome::refused));
}

BOOST_AUTO_TEST_CASE(an_endless_line_is_refused_as_soon_as_it_is_over_the_limit) {
  http::head_scanner scanner{limits};
  std::string text = "GET / HTTP/1.1\r\nX-A: ";
  while (scanner.scan(text) == outcome::more) text += std::string(1000, 'a');
  BOOST_TEST(text.size() <= limits.head_bytes + 1000);
  BOOST_TEST((scanner.why().reason == refusal_reason::head_too_large));

  http::head_scanner target{limits};
  text = "GET /";
  while (target.scan(text) == outcome::more) text += std::string(1000, 'a');
  BOOST_TEST(text.size() <= limits.target_bytes + 2000);
  BOOST_TEST((target.why().reason == refusal_reason::target_too_long));
}

BOOST_AUTO_TEST_CASE(a_head_that_comes_whole_but_is_too_large_is_refused) {
  http::head_scanner scanner{limits};
  const auto text = get("X-A: " + std::string(limits.head_bytes, 'a') + "\r\n");
  BOOST_TEST((scanner.scan(text) == outcome::refused));
}

BOOST_AUTO_TEST_CASE(too_many_lines_are_refused_before_the_head_ends) {
  http::head_scanner scanner{limits};
  std::string text = "GET / HTTP/1.1\r\n";
  while (scanner.scan(text) == outcome::more) text += "a: b\r\n";
  BOOST_TEST(text.size() < 6 * (limits.header_lines + 5));
  BOOST_TEST((scanner.why().reason == refusal_reason::too_many_headers));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
