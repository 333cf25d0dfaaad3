#include "protocol/jobs/slicer.hpp"

#include "tests/unit/protocol/jobs/job_line_support.hpp"

#include <boost/test/unit_test.hpp>

using namespace perennial;
using namespace perennial::jobs;
using namespace perennial::jobs::test;
using namespace std::string_literals;

BOOST_AUTO_TEST_SUITE(job_slicer)

namespace {

job_rules rules_for(std::string endpoint, std::string model = {}) {
  job_rules rules;
  rules.endpoint = std::move(endpoint);
  rules.model = std::move(model);
  return rules;
}

/// A slice that outlives its line.
struct sliced {
  job_line line;
  std::string body;
};

sliced slice(std::string_view text, const job_rules& rules = {}, uint64_t ordinal = 4) {
  slicer s{rules};
  const owned_line l{text};
  auto got = s.slice(l.get().bytes, ordinal);
  BOOST_REQUIRE_MESSAGE(got, text);
  return {*got, std::string{got->body()}};
}

std::string body_of(std::string_view text, const job_rules& rules = {}) {
  return slice(text, rules).body;
}

} // namespace

BOOST_AUTO_TEST_CASE(the_body_of_an_openai_line_is_byte_for_byte_what_the_user_wrote) {
  for (const auto* body :
       {"{}", "{ }", R"({"model":"m"})",
        "{ \"b\" : [ 1 , 2.50 ,\t{\"c\":{}} ] , \"a\":\"\\u00e9\\/\" }",
        R"({"x":1E5,"y":-0.0,"z":"}{\"][,:"})", R"({"model":{"model":"inner"},"n":[]})",
        R"({"a":{"model":"inner"},"b":[{"model":"deep"}]})"}) {
    BOOST_TEST(body_of(openai_line("a", body)) == body);
    const auto spaced = R"( {"body" : )"s + body + "\t , \"url\":\"/v1/chat/completions\" , " +
                        R"("method" :"POST","custom_id": "a" } )";
    BOOST_TEST(body_of(spaced) == body);
  }
}

BOOST_AUTO_TEST_CASE(the_body_is_a_view_into_the_line) {
  slicer s{{}};
  const owned_line l{openai_line("a", R"({"x":1})")};
  const auto bytes = l.get().bytes;
  const auto got = s.slice(bytes, 0).value();
  BOOST_TEST(got.composed.empty());
  BOOST_TEST(static_cast<const void*>(got.body().data()) ==
             static_cast<const void*>(bytes.data() + bytes.find(R"({"x")")));
}

BOOST_AUTO_TEST_CASE(custom_id_and_model_are_read_without_their_escapes) {
  const auto got = slice(openai_line(R"(\u00e9\n\"\ud83e\udd8a\\)",
                                     R"({"n":{"model":"no"},"mod\u0065l":"gpt\u002d4"})"));
  BOOST_TEST(got.line.custom_id == "é\n\"🦊\\");
  BOOST_TEST(got.line.model == "gpt-4");
  BOOST_TEST(!got.line.model_set);
  BOOST_TEST(slice(R"({"custom\u005fid":"c","m\u0065thod":"POST","url":"/v1/chat/completions",)"
                   R"("bod\u0079":{"a":1}})")
               .line.custom_id == "c");
}

BOOST_AUTO_TEST_CASE(a_model_that_is_missing_or_no_string_is_empty) {
  BOOST_TEST(slice(openai_line("a", "{}")).line.model.empty());
  BOOST_TEST(slice(openai_line("a", R"({"model":7})")).line.model.empty());
  BOOST_TEST(slice(openai_line("a", R"({"x":{"model":"m"}})")).line.model.empty());
  // The first of two counts.
  BOOST_TEST(slice(openai_line("a", R"({"model":"one","model":"two"})")).line.model == "one");
}

BOOST_AUTO_TEST_CASE(a_short_form_is_composed_for_each_endpoint) {
  const auto text = R"({ "temperature" : 0.50, "prompt":"h\u00e9 \"x\"" , "model":"m", "id":"q",)"
                    R"("stop":[ "a" , {} ], "user":null })"s;
  const auto others = R"("temperature":0.50,"stop":[ "a" , {} ],"user":null})"s;
  const auto prompt = R"("h\u00e9 \"x\"")"s;
  const auto m = R"({"model":"m",)"s;
  const auto messages = R"("messages":[{"role":"user","content":)"s + prompt + "}],";
  BOOST_TEST(body_of(text) == m + messages + others);
  BOOST_TEST(body_of(text, rules_for("/v1/responses")) ==
             m + R"("input":)" + prompt + "," + others);
  BOOST_TEST(body_of(text, rules_for("/v1/embeddings")) ==
             m + R"("input":)" + prompt + "," + others);
  BOOST_TEST(body_of(text, rules_for("/v1/moderations")) ==
             m + R"("input":)" + prompt + "," + others);
  for (const auto* endpoint : {"/v1/completions", "/v1/images/generations", "/v1/images/edits"}) {
    BOOST_TEST(body_of(text, rules_for(endpoint)) == m + R"("prompt":)" + prompt + "," + others);
  }
  BOOST_TEST(slice(text).line.custom_id == "q");
  BOOST_TEST(slice(text).line.model == "m");
}

BOOST_AUTO_TEST_CASE(a_system_goes_where_the_endpoint_wants_it) {
  const auto text = R"({"prompt":"p","system":"s"})";
  BOOST_TEST(body_of(text) == R"({"messages":[{"role":"system","content":"s"},)"
                              R"({"role":"user","content":"p"}]})");
  BOOST_TEST(body_of(text, rules_for("/v1/responses")) == R"({"instructions":"s","input":"p"})");
}

BOOST_AUTO_TEST_CASE(a_short_body_of_few_bytes_survives_a_move) {
  slicer s{rules_for("/v1/completions")};
  const owned_line l{R"({"prompt":"x"})"};
  auto got = s.slice(l.get().bytes, 0).value();
  const auto moved = std::move(got);
  BOOST_TEST(moved.body() == R"({"prompt":"x"})");
}

BOOST_AUTO_TEST_CASE(a_line_without_an_id_is_called_after_its_place) {
  BOOST_TEST(slice(R"({"prompt":"x"})", {}, 0).line.custom_id == "line-1");
  BOOST_TEST(slice(R"({"prompt":"x","id":12})").line.custom_id == "12");
  BOOST_TEST(slice(R"({"prompt":"x","id":-0})").line.custom_id == "0");
  BOOST_TEST(slice(R"({"prompt":"x","custom_id":"c"})").line.custom_id == "c");
}

BOOST_AUTO_TEST_CASE(text_is_a_prompt_whatever_it_holds) {
  job_rules rules;
  rules.format = job_format::text;
  const auto got = slice("say \"hi\"\t{\\} é ", rules, 41);
  BOOST_TEST(got.line.custom_id == "line-42");
  BOOST_TEST(got.body == R"({"messages":[{"role":"user","content":"say \"hi\"\t{\\} é "}]})");
  rules.model = "m\"";
  const auto with = slice("p", rules);
  BOOST_TEST(with.body == R"({"model":"m\"","messages":[{"role":"user","content":"p"}]})");
  BOOST_TEST(with.line.model == "m\"");
  BOOST_TEST(!with.line.model_set);
}

BOOST_AUTO_TEST_CASE(a_rule_replaces_the_model_and_says_so) {
  const auto rules = rules_for("/v1/chat/completions", "new");
  const auto line = slice(openai_line("a", R"({ "model" : "old" , "x":1})"), rules);
  BOOST_TEST(line.body == R"({ "model" : "new" , "x":1})");
  BOOST_TEST(line.line.model == "new");
  BOOST_TEST(line.line.model_set);
  BOOST_TEST(line.line.model_before == "old");

  const auto same = slice(openai_line("a", R"({"model":"new"})"), rules);
  BOOST_TEST(same.body == R"({"model":"new"})");
  BOOST_TEST(!same.line.model_set);

  const auto none = slice(openai_line("a", R"({"x":1})"), rules);
  BOOST_TEST(none.body == R"({"model":"new","x":1})");
  BOOST_TEST(none.line.model_set);
  BOOST_TEST(none.line.model_before.empty());

  const auto brief = slice(R"({"prompt":"p","model":"old"})", rules);
  BOOST_TEST(brief.body == R"({"model":"new","messages":[{"role":"user","content":"p"}]})");
  BOOST_TEST(brief.line.model_set);
  BOOST_TEST(brief.line.model_before == "old");

  const auto given = slice(R"({"prompt":"p"})", rules);
  BOOST_TEST(given.line.model == "new");
  BOOST_TEST(!given.line.model_set);
}

BOOST_AUTO_TEST_CASE(one_slicer_takes_many_lines_and_big_ones) {
  slicer s{{}};
  for (size_t size = 1; size < 3'000'000; size = size * 3 + 1) {
    const auto text = R"({"content":")" + std::string(size, 'x') + "\"}";
    const owned_line l{openai_line(std::to_string(size), text)};
    const auto got = s.slice(l.get().bytes, 0);
    BOOST_REQUIRE(got);
    BOOST_TEST(got->custom_id == std::to_string(size));
    BOOST_TEST((got->body() == text));
  }
}

BOOST_AUTO_TEST_CASE(what_is_no_job_line_is_an_error) {
  slicer s{{}};
  for (const auto* text : {"", "{", "[]", "7", "{}", R"({"custom_id":"a"})", R"({"prompt":"x)",
                           R"({"custom_id":7,"body":{}})", R"({"custom_id":"a","body":[]})",
                           R"({"custom_id":"a","body":{"x":1)"}) {
    const owned_line l{text};
    const auto got = s.slice(l.get().bytes, 0);
    BOOST_REQUIRE_MESSAGE(!got, text);
    BOOST_TEST((got.error().kind == errc::corrupt));
  }
  const owned_line good{R"({"prompt":"x"})"};
  BOOST_TEST(s.slice(good.get().bytes, 0).has_value());
}

BOOST_AUTO_TEST_SUITE_END()
