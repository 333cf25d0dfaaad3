#include "protocol/http/edge_chunked.hpp"

#include <boost/test/unit_test.hpp>

#include <string>

namespace http = perennial::http;
using http::chunk_decoder;

BOOST_AUTO_TEST_SUITE(http_chunks)

namespace {

struct decoded {
  chunk_decoder::step last = chunk_decoder::step::more;
  std::string body, rest;
};

/// Feeds `text` in pieces of `size` bytes until it ends.
decoded decode(std::string_view text, size_t size) {
  decoded out;
  chunk_decoder decoder;
  while (out.last == chunk_decoder::step::more && !text.empty()) {
    auto in = text.substr(0, size);
    text.remove_prefix(in.size());
    for (;;) {
      std::string_view piece;
      out.last = decoder.next(in, piece);
      if (out.last != chunk_decoder::step::data) break;
      out.body += piece;
    }
    out.rest = in;
  }
  out.rest += text;
  return out;
}

} // namespace

BOOST_AUTO_TEST_CASE(chunks_are_put_together_wherever_they_are_cut) {
  const std::string text = "5\r\nhello\r\n1;a=\"b\"\r\n \r\n00A\r\n0123456789\r\n"
                           "0\r\nTrailer: x\r\nAnother: y\r\n\r\nGET";
  for (size_t size = 1; size <= text.size(); ++size) {
    const auto out = decode(text, size);
    BOOST_TEST((out.last == chunk_decoder::step::end));
    BOOST_TEST(out.body == "hello 0123456789");
    BOOST_TEST(out.rest == "GET");
  }
}

BOOST_AUTO_TEST_CASE(an_empty_body_ends_at_once) {
  const auto out = decode("0\r\n\r\n", 100);
  BOOST_TEST((out.last == chunk_decoder::step::end));
  BOOST_TEST(out.body.empty());
}

BOOST_AUTO_TEST_CASE(what_is_not_strictly_a_chunk_is_refused) {
  using namespace std::string_literals;
  for (const auto& text :
       {"\r\n"s, "x\r\n"s, "0x5\r\nhello\r\n"s, "+5\r\nhello\r\n"s, "-1\r\n"s, " 5\r\nhello\r\n"s,
        "5 \r\nhello\r\n"s, "5\nhello\r\n"s, "5\r\nhelloX\r\n"s, "5\r\nhello\n0\r\n\r\n"s,
        "5\r\nhello\rX"s, "5\rXhello"s, ";a\r\n"s, "5;a\nb\r\nhello\r\n"s, "0\r\na\nb\r\n\r\n"s,
        "0\r\n\rX"s, "fffffffffffffffff\r\n"s, "0000000000000000\r\n"s, "5;\0\r\nhello\r\n"s}) {
    for (const auto size : {size_t{1}, text.size()})
      BOOST_TEST((decode(text, size).last == chunk_decoder::step::bad), text);
  }
}

BOOST_AUTO_TEST_CASE(endless_size_lines_and_trailers_are_refused) {
  const auto extension = decode("5;" + std::string(100'000, 'a'), 1000);
  BOOST_TEST((extension.last == chunk_decoder::step::bad));
  BOOST_TEST(extension.rest.size() > 90'000U);

  std::string trailers = "0\r\n";
  for (auto i = 0; i < 10'000; ++i) trailers += "a: b\r\n";
  BOOST_TEST((decode(trailers, 1000).last == chunk_decoder::step::bad));
}

BOOST_AUTO_TEST_SUITE_END()
