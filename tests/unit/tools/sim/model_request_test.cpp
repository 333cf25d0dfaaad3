#include "tools/sim/model_request.hpp"

#include "tools/sim/request_reader.hpp"

#include <boost/test/unit_test.hpp>

using namespace perennial::sim;

BOOST_AUTO_TEST_SUITE(model_requests)

namespace {

/// Keeps the body and the reader alive for the views of the request.
struct asked {
  asked(endpoint kind, std::string text)
    : body(std::move(text)) {
    body.reserve(body.size() + body_padding);
    got = reader.read(kind, body);
  }
  std::string body;
  model_request_reader reader;
  perennial::result<model_request> got;
};

} // namespace

BOOST_AUTO_TEST_CASE(the_last_user_message_is_the_prompt) {
  const asked a(
    endpoint::chat,
    R"({"messages":[{"role":"user","content":"one"},{"content":"tw\u00f6\n","role":"user"},)"
    R"({"role":"assistant","content":"three"}],"model":"m","stream":true,)"
    R"("stream_options":{"include_usage":true}})");
  BOOST_REQUIRE(a.got.has_value());
  BOOST_TEST(a.got->prompt == "twö\n");
  BOOST_TEST(a.got->model == "m");
  BOOST_TEST(a.got->stream);
  BOOST_TEST(a.got->include_usage);
  BOOST_TEST(a.got->input_bytes == 13u);
}

BOOST_AUTO_TEST_CASE(parts_of_a_message_are_joined) {
  const asked a(endpoint::chat,
                R"({"messages":[{"role":"user","content":[{"type":"text","text":"a"},)"
                R"({"type":"image_url","image_url":{"url":"x"}},{"type":"text","text":"b"}]}]})");
  BOOST_REQUIRE(a.got.has_value());
  BOOST_TEST(a.got->prompt == "ab");
}

BOOST_AUTO_TEST_CASE(responses_take_a_text_or_a_conversation) {
  const asked text(endpoint::responses, R"({"input":"hello"})");
  const asked talk(endpoint::responses, R"({"input":[{"role":"user","content":"hello"}]})");
  BOOST_REQUIRE((text.got && talk.got));
  BOOST_TEST(text.got->prompt == "hello");
  BOOST_TEST(talk.got->prompt == "hello");
}

BOOST_AUTO_TEST_CASE(embeddings_take_one_input_or_many) {
  const asked many(endpoint::embeddings,
                   R"({"input":["a","b"],"encoding_format":"base64","dimensions":3})");
  BOOST_REQUIRE(many.got.has_value());
  BOOST_TEST(many.got->inputs.size() == 2u);
  BOOST_TEST(many.got->prompt == "a\nb\n");
  BOOST_TEST(many.got->base64);
  BOOST_TEST(many.got->dimensions == 3u);
}

BOOST_AUTO_TEST_CASE(what_cannot_be_read_is_an_error_with_a_sentence) {
  for (const char* body :
       {"", "[]", "{", R"({"model":"m"})", R"({"messages":[]})", R"({"messages":"x"})",
        R"({"messages":[{"role":"user","content":7}]})", R"({"messages":[1]})", "\"\xff\"",
        R"({"messages":[{"role":"user","content":"a"}],"stream":"yes"})"}) {
    const asked a(endpoint::chat, body);
    BOOST_TEST(!a.got.has_value(), body);
  }
  BOOST_TEST(!asked(endpoint::embeddings, R"({"input":[[1,2]]})").got.has_value());
  BOOST_TEST(!asked(endpoint::images, R"({"prompt":"a","n":1000})").got.has_value());
}

BOOST_AUTO_TEST_SUITE_END()
