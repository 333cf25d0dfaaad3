// What a long body's check takes and refuses, wherever its pieces are cut; simdjson is the judge.
#include "protocol/jobs/body_stream.hpp"

#include "protocol/base/json_check.hpp"
#include "protocol/jobs/usage.hpp"

#include <boost/test/unit_test.hpp>

#include <random>

using namespace perennial;
using perennial::jobs::body_stream;

BOOST_AUTO_TEST_SUITE(long_bodies)

namespace {

struct read_body {
  bool good = false;
  std::string text;
  jobs::usage used;
};

read_body read(std::string_view text, size_t piece) {
  body_stream body;
  read_body out;
  bool going = true;
  for (size_t at = 0; at < text.size() && going; at += piece)
    going = body.feed(text.substr(at, piece), out.text);
  out.good = going && body.whole();
  out.used = body.usage();
  return out;
}

void check_as_simdjson(const std::string& text) {
  const bool expected = is_json_container(text);
  for (const size_t piece : {size_t{1}, size_t{2}, size_t{3}, size_t{7}, text.size() + 1}) {
    BOOST_TEST(read(text, piece).good == expected, "piece " << piece << ": " << text);
  }
}

const std::string examples[] = {
  R"({})",
  R"([])",
  R"(  {"a":[1,-2,0,0.5,-0.0,1e5,1E+5,2.25e-7,true,false,null,"x",{}]} )",
  "[\"\\u00e9\\ud83d\\ude00\\\"\\\\\\/\\b\\f\\n\\r\\t\"]",
  "[\"\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80 \x7f\"]",
  R"({"usage":{"prompt_tokens":3,"completion_tokens":4,"prompt_tokens_details":{"cached_tokens":2}}})",
  // and not
  R"()",
  R"(   )",
  R"(1)",
  R"("text")",
  R"(true)",
  R"({)",
  R"([1,])",
  R"([,1])",
  R"({"a"})",
  R"({"a":})",
  R"({"a":1,})",
  R"({a:1})",
  R"([1 2])",
  R"([1]])",
  R"([1}{])",
  R"({"a":1]})",
  R"([01])",
  R"([-])",
  R"([1.])",
  R"([.5])",
  R"([1e])",
  R"([1e+])",
  R"([+1])",
  R"([--1])",
  R"([1.2.3])",
  R"([0x1])",
  R"([tru])",
  R"([truee])",
  R"([nul])",
  R"(["\x"])",
  R"(["\u12"])",
  R"(["\u12g4"])",
  R"(["\ud83d"])",
  R"(["\ud83dx"])",
  R"(["\ud83d\n"])",
  R"(["\ud83d\ud83d"])",
  R"(["\ude00"])",
  R"(["open)",
  R"([] [])",
  "[\"\x01\"]",
  "[\"\n\"]",
  "[\"\x80\"]",
  "[\"\xc0\xaf\"]",
  "[\"\xe0\x80\x80\"]",
  "[\"\xed\xa0\x80\"]",
  "[\"\xf4\x90\x80\x80\"]",
  "[\"\xf5\x80\x80\x80\"]",
  "[\"\xc3\"]",
  "<html></html>",
};

} // namespace

BOOST_AUTO_TEST_CASE(what_simdjson_takes_is_taken_and_what_it_refuses_is_refused) {
  for (const auto& text : examples) check_as_simdjson(text);
}

BOOST_AUTO_TEST_CASE(damaged_texts_are_judged_as_simdjson_does) {
  std::mt19937 random{4711};
  constexpr std::string_view bytes = "{}[]\",:\\u0123456789eE+-.trfalsn \n\xc3\xa9\xed\xf0";
  for (int i = 0; i < 20'000; ++i) {
    std::string text = examples[random() % 6];
    const auto changes = 1 + random() % 2;
    for (unsigned n = 0; n < changes; ++n) {
      const auto at = random() % text.size();
      const auto c = bytes[random() % bytes.size()];
      if (random() % 3 == 0)
        text.insert(at, 1, c);
      else if (random() % 2 == 0)
        text[at] = c;
      else if (text.size() > 1)
        text.erase(at, 1);
    }
    const bool expected = is_json_container(text);
    const auto piece = 1 + random() % 9;
    if (read(text, piece).good != expected) BOOST_ERROR("judged otherwise: " << text);
  }
}

BOOST_AUTO_TEST_CASE(line_breaks_are_taken_out_and_nothing_else_changes) {
  const std::string text = "{\r\n \"a\" : [1,\n2\n]\t,\"b\":\"x\\ny\"}\n";
  for (size_t piece = 1; piece <= text.size(); ++piece)
    BOOST_TEST(read(text, piece).text == "{ \"a\" : [1,2]\t,\"b\":\"x\\ny\"}");
}

BOOST_AUTO_TEST_CASE(the_usage_is_read_as_from_shorter_bodies) {
  for (
    const std::string text : {
      R"({"x":{"usage":{"prompt_tokens":9}},"usage":{"prompt_tokens":3,"completion_tokens":4}})",
      R"({"usage":{"input_tokens":1,"input_tokens_details":{"cached_tokens":2},"output_tokens":7}})",
      R"([{"usage":{"prompt_tokens":3}}])",
      R"({"usage":[{"prompt_tokens":3}]})",
      R"({"usage":{"prompt_tokens":-3,"completion_tokens":4.0,"total_tokens":1e3}})",
      R"({"usage":{"x":{"y":{"prompt_tokens":3}},"completion_tokens_details":{"reasoning_tokens":5}}})",
    }) {
    for (size_t piece = 1; piece <= 20; ++piece)
      BOOST_TEST((read(text, piece).used == jobs::usage_of(text)), text);
  }
}

BOOST_AUTO_TEST_CASE(nesting_has_a_limit_and_the_last_level_is_taken) {
  const auto nested = [](size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
  };
  BOOST_TEST(read(nested(1024), 100).good);
  BOOST_TEST(!read(nested(1025), 100).good);
}

BOOST_AUTO_TEST_SUITE_END()
