#include "tools/sim/request_reader.hpp"

#include <boost/test/unit_test.hpp>

#include <string>
#include <vector>

using namespace perennial::sim;
using status = request_reader::status;

BOOST_AUTO_TEST_SUITE(the_request_reader)

namespace {

const std::string plain = "POST /v1/chat/completions?x=1 HTTP/1.1\r\nHost: a\r\n"
                          "authorization:  Bearer k \r\nContent-Length: 5\r\n\r\nhello";
const std::string chunked = "POST /v1/embeddings HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
                            "5;ext=1\r\nhello\r\n6\r\n world\r\n0\r\nTrailer: x\r\n\r\n";

/// The buffer as a connection holds it: room to read on after the end.
std::string padded(std::string bytes) {
  bytes.reserve(bytes.size() + body_padding);
  return bytes;
}

status read_whole(const std::string& bytes) {
  request_reader reader;
  http_request out;
  const std::string buffer = padded(bytes);
  return reader.read(buffer, out);
}

} // namespace

BOOST_AUTO_TEST_CASE(a_request_reads_the_same_wherever_it_is_cut) {
  for (const std::string& whole : {plain, chunked}) {
    for (size_t cut = 0; cut < whole.size(); ++cut) {
      request_reader reader;
      http_request out;
      const std::string first = padded(whole.substr(0, cut));
      BOOST_REQUIRE((reader.read(first, out) == status::more));
      const std::string second = padded(whole + "GET /next");
      BOOST_REQUIRE((reader.read(second, out) == status::done));
      BOOST_TEST(reader.size() == whole.size());
      BOOST_TEST(out.body == (whole == plain ? "hello" : "hello world"));
      BOOST_TEST(out.head.method == "POST");
    }
  }
}

BOOST_AUTO_TEST_CASE(a_request_reads_the_same_byte_by_byte) {
  for (const std::string& whole : {plain, chunked}) {
    request_reader reader;
    http_request out;
    std::string buffer = padded("");
    for (size_t i = 0; i + 1 < whole.size(); ++i) {
      buffer.reserve(buffer.size() + 1 + body_padding);
      buffer.push_back(whole[i]);
      BOOST_REQUIRE((reader.read(buffer, out) == status::more));
    }
    buffer.push_back(whole.back());
    BOOST_REQUIRE((reader.read(buffer, out) == status::done));
    BOOST_TEST(out.body == (whole == plain ? "hello" : "hello world"));
  }
}

BOOST_AUTO_TEST_CASE(the_fields_that_matter_are_found) {
  request_reader reader;
  http_request out;
  const std::string buffer = padded(plain);
  BOOST_REQUIRE((reader.read(buffer, out) == status::done));
  BOOST_TEST(out.head.path == "/v1/chat/completions");
  BOOST_TEST(out.head.authorization == "Bearer k");
  BOOST_TEST(out.head.keep_alive);
}

BOOST_AUTO_TEST_CASE(requests_in_a_row_are_taken_one_by_one) {
  const std::string buffer = padded(plain + chunked + plain);
  request_reader reader;
  size_t used = 0;
  for (const char* body : {"hello", "hello world", "hello"}) {
    http_request out;
    BOOST_REQUIRE((reader.read(std::string_view(buffer).substr(used), out) == status::done));
    BOOST_TEST(out.body == body);
    used += reader.size();
    reader.reset();
  }
  BOOST_TEST(used == buffer.size());
}

BOOST_AUTO_TEST_CASE(old_clients_and_close_end_the_connection) {
  for (const char* head :
       {"GET / HTTP/1.0\r\n\r\n", "GET / HTTP/1.1\r\nConnection: Close\r\n\r\n"}) {
    request_reader reader;
    http_request out;
    const std::string buffer = padded(head);
    BOOST_REQUIRE((reader.read(buffer, out) == status::done));
    BOOST_TEST(!out.head.keep_alive);
  }
}

BOOST_AUTO_TEST_CASE(a_client_that_waits_to_continue_is_told_once) {
  const std::string head = "POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n";
  request_reader reader;
  http_request out;
  BOOST_REQUIRE((reader.read(padded(head), out) == status::more));
  BOOST_TEST(reader.take_continue());
  BOOST_REQUIRE((reader.read(padded(head + "a"), out) == status::more));
  BOOST_TEST(!reader.take_continue());
  BOOST_TEST((reader.read(padded(head + "ab"), out) == status::done));
}

BOOST_AUTO_TEST_CASE(what_is_no_request_is_refused) {
  const std::vector<std::string> bad = {
    "\r\n\r\n",
    "GET /\r\n\r\n",
    "GET nowhere HTTP/1.1\r\n\r\n",
    "GET / HTTP/2.0\r\n\r\n",
    "GET / HTTP/1.1\r\nno colon\r\n\r\n",
    "POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
    "POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\na",
    "POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "POST / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n",
    "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
    "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n",
    "POST / HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n",
    "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffff\r\n",
    "GET / HTTP/1.1\r\nA: " + std::string(head_limit, 'a'),
  };
  for (const std::string& bytes : bad)
    BOOST_TEST((read_whole(bytes) == status::bad), bytes.substr(0, 80));
}

BOOST_AUTO_TEST_SUITE_END()
