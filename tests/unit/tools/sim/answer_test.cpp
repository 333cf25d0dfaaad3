#include "tools/sim/answer.hpp"

#include "protocol/base/hash.hpp"
#include "tools/sim/json_text.hpp"
#include "tools/sim/png.hpp"
#include "tools/sim/stream.hpp"

#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>

using namespace perennial::sim;
using nlohmann::json;

BOOST_AUTO_TEST_SUITE(sim_answers)

namespace {

const std::string hard =
  "quote \" slash \\ line\n tab\t nul" + std::string(1, '\0') + " ü 漢字 🙂 ";

/// Takes a chunked body apart, by the sizes that it states.
std::vector<std::string> chunks_of(std::string_view body) {
  std::vector<std::string> out;
  for (;;) {
    const size_t line = body.find("\r\n");
    const size_t size = std::stoul(std::string(body.substr(0, line)), nullptr, 16);
    if (size == 0) return out;
    out.emplace_back(body.substr(line + 2, size));
    BOOST_REQUIRE(body.substr(line + 2 + size, 2) == "\r\n");
    body.remove_prefix(line + 2 + size + 2);
  }
}

} // namespace

BOOST_AUTO_TEST_SUITE(answers)

BOOST_AUTO_TEST_CASE(the_echo_is_whole_padded_or_cut_with_its_hash) {
  BOOST_TEST(echo("hi", {}) == "echo: hi");
  BOOST_TEST(echo("hi", {.answer_bytes = 12}) == "echo: hi ...");
  const std::string cut = echo("aüb", {.max_echo = 2}); // ü is two bytes: not cut in half
  BOOST_TEST(cut == "echo: a [cut; sha256 " + perennial::to_hex(perennial::sha256("aüb")) + "]");
}

BOOST_AUTO_TEST_CASE(every_answer_is_json_that_carries_the_text) {
  const struct {
    endpoint kind;
    const char* where;
  } cases[] = {{endpoint::chat, "/choices/0/message/content"},
               {endpoint::completions, "/choices/0/text"},
               {endpoint::responses, "/output/0/content/0/text"},
               {endpoint::embeddings, "/echo"},
               {endpoint::moderations, "/echo"},
               {endpoint::images, "/data/0/revised_prompt"}};
  for (const auto& c : cases) {
    model_request request;
    request.kind = c.kind;
    request.inputs = {hard};
    const json body = json::parse(render_answer(request, hard, {.model = "m\"", .id = 5}));
    BOOST_TEST(body.at(json::json_pointer(c.where)).get<std::string>() == hard);
    if (c.kind != endpoint::images) BOOST_TEST(body.at("model") == "m\"");
  }
}

BOOST_AUTO_TEST_CASE(usage_counts_a_quarter_of_the_bytes) {
  model_request request;
  request.input_bytes = 9;
  const json body = json::parse(render_answer(request, "12345678", {}));
  BOOST_TEST(body["usage"]["prompt_tokens"] == 3);
  BOOST_TEST(body["usage"]["completion_tokens"] == 2);
  BOOST_TEST(body["usage"]["total_tokens"] == 5);
}

BOOST_AUTO_TEST_CASE(equal_texts_have_equal_embeddings_and_others_have_others) {
  model_request request;
  request.kind = endpoint::embeddings;
  request.inputs = {"a", "b", "a"};
  request.dimensions = 16;
  const json data = json::parse(render_answer(request, "", {}))["data"];
  BOOST_TEST(data[0]["embedding"].size() == 16u);
  BOOST_TEST(data[0]["embedding"] == data[2]["embedding"]);
  BOOST_TEST(data[0]["embedding"] != data[1]["embedding"]);
}

BOOST_AUTO_TEST_CASE(base64_matches_the_vectors_of_rfc_4648) {
  BOOST_TEST(base64("") == "");
  BOOST_TEST(base64("f") == "Zg==");
  BOOST_TEST(base64("fo") == "Zm8=");
  BOOST_TEST(base64("foobar") == "Zm9vYmFy");
}

BOOST_AUTO_TEST_CASE(a_picture_is_a_png_that_follows_from_its_seed) {
  BOOST_TEST(tiny_png(1) == tiny_png(1));
  BOOST_TEST(tiny_png(1) != tiny_png(2));
  BOOST_TEST(tiny_png(1).substr(0, 8) == std::string("\x89PNG\r\n\x1a\n"));
  const std::string iend("\0\0\0\0IEND\xae\x42\x60\x82", 12); // every PNG ends so: CRC of "IEND"
  BOOST_TEST(tiny_png(1).ends_with(iend));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(streams)

BOOST_AUTO_TEST_CASE(the_pieces_of_a_stream_make_the_text_and_done_ends_it) {
  std::string text;
  for (int i = 0; i < 20; ++i) text += hard;
  for (const endpoint kind : {endpoint::chat, endpoint::completions}) {
    model_request request;
    request.kind = kind;
    request.include_usage = true;
    const auto events = chunks_of(render_stream(request, text, {.model = "m"}));
    BOOST_TEST(events.back() == "data: [DONE]\n\n");
    std::string joined;
    json usage;
    for (size_t i = 0; i + 1 < events.size(); ++i) {
      BOOST_REQUIRE(events[i].starts_with("data: "));
      BOOST_REQUIRE(events[i].ends_with("\n\n"));
      const json event = json::parse(events[i].substr(6));
      if (event.contains("usage")) usage = event["usage"];
      for (const json& choice : event["choices"])
        joined += kind == endpoint::chat ? choice["delta"].value("content", "")
                                         : choice["text"].get<std::string>();
    }
    BOOST_TEST(joined == text);
    BOOST_TEST(usage["completion_tokens"] == (text.size() + 3) / 4);
  }
}

BOOST_AUTO_TEST_CASE(a_stream_has_no_usage_unless_asked) {
  const std::string body = render_stream(model_request{}, "text", {});
  BOOST_TEST(body.find("\"usage\"") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_response_stream_ends_with_the_whole_response) {
  model_request request;
  request.kind = endpoint::responses;
  const auto events = chunks_of(render_stream(request, hard, {}));
  const std::string& last = events.back();
  BOOST_REQUIRE(last.starts_with("event: response.completed\ndata: "));
  const json event = json::parse(last.substr(last.find("data: ") + 6));
  BOOST_TEST(event["response"]["output"][0]["content"][0]["text"].get<std::string>() == hard);
}

BOOST_AUTO_TEST_CASE(events_are_found_one_after_the_other) {
  const std::string body = render_stream(model_request{}, "text", {});
  size_t at = 0;
  size_t events = 0;
  for (; at < body.size(); ++events) at = end_of_event(body, at);
  BOOST_TEST(events == chunks_of(body).size() + 1); // and the last, empty chunk
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()
