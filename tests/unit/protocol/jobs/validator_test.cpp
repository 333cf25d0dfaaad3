#include "protocol/jobs/validator.hpp"

#include "tests/unit/protocol/jobs/job_line_support.hpp"

#include <boost/test/unit_test.hpp>

using namespace perennial::jobs;
using namespace perennial::jobs::test;
using namespace std::string_literals;

BOOST_AUTO_TEST_SUITE(job_validator)

namespace {

job_rules rules_for(std::string endpoint) {
  job_rules rules;
  rules.endpoint = std::move(endpoint);
  return rules;
}

/// The custom_id of a good line, or "code: message".
std::string check(std::string_view text, const job_rules& rules = {}) {
  validator v{rules};
  const owned_line l{text};
  const auto got = v.validate(l.get());
  return got ? std::string{*got} : got.error().code + ": " + got.error().message;
}

/// The code of what is wrong.
std::string code(std::string_view text, const job_rules& rules = {}) {
  validator v{rules};
  const owned_line l{text};
  const auto got = v.validate(l.get());
  if (got) return "good";
  BOOST_TEST(got.error().number == 7U);
  BOOST_TEST(got.error().offset == 100U);
  BOOST_TEST(!got.error().message.empty());
  return got.error().code;
}

bool says(const std::string& message, std::string_view words) {
  return message.find(words) != std::string::npos;
}

} // namespace

BOOST_AUTO_TEST_CASE(openai_lines_are_good_in_any_order_and_with_fields_we_do_not_know) {
  BOOST_TEST(check(openai_line("a", "{}")) == "a");
  BOOST_TEST(check(R"( { "body" : { "x" : [1, null] } , "extra": 7, "url":"/v1/chat/completions",)"
                   R"("method":"POST" , "custom_id" : "b" }  )") == "b");
  BOOST_TEST(check(R"({"custom\u005fid":"c","method":"POST","url":"\/v1\/chat\/completions",)"
                   R"("body":{}})") == "c");
  BOOST_TEST(check(openai_line(R"(\u00e9\n\"\ud83e\udd8a)", "{}")) == "é\n\"🦊");
  BOOST_TEST(check(openai_line("a", "{}") + "\r") == "a");
  // A member that means something in the short form only may be there twice.
  BOOST_TEST(check(R"({"id":1,"id":2,)" + openai_line("a", "{}").substr(1)) == "a");
}

BOOST_AUTO_TEST_CASE(short_forms_are_good) {
  BOOST_TEST(check(R"({"prompt":"hi"})") == "line-5");
  BOOST_TEST(check(R"({"prompt":"","id":"x","model":"m","system":"s","temperature":0.1})") == "x");
  BOOST_TEST(check(R"({"custom_id":"y","prompt":"hi"})") == "y");
  BOOST_TEST(check(R"({"id":17,"prompt":"hi"})") == "17");
  BOOST_TEST(check(R"({"id":18446744073709551615,"prompt":"hi"})") == "18446744073709551615");
  BOOST_TEST(check(R"({"prompt":"hi","instructions":"x"})", rules_for("/v1/responses")) ==
             "line-5");
  BOOST_TEST(check(R"({"prompt":"hi","messages":"x"})", rules_for("/v1/embeddings")) == "line-5");
}

BOOST_AUTO_TEST_CASE(in_text_a_line_is_whatever_it_is) {
  job_rules rules;
  rules.format = job_format::text;
  BOOST_TEST(check(R"({"broken)", rules) == "line-5");
  BOOST_TEST(code("a\xff", rules) == problem_code::invalid_utf8);
  BOOST_TEST(code("a\0b"s, rules) == problem_code::nul_byte);
  rules.max_line_bytes = 3;
  BOOST_TEST(code("long", rules) == problem_code::line_too_long);
}

BOOST_AUTO_TEST_CASE(a_line_that_is_too_long_is_not_looked_at) {
  validator v{{}};
  line l;
  l.number = 3;
  l.offset = 9;
  l.size = 17 * 1024 * 1024;
  l.too_long = true;
  const auto got = v.validate(l);
  BOOST_REQUIRE(!got);
  BOOST_TEST(got.error().code == problem_code::line_too_long);
  BOOST_TEST(says(got.error().message, "17 MiB long and at most 16 MiB"));
}

BOOST_AUTO_TEST_CASE(bad_bytes_are_named_before_bad_json) {
  BOOST_TEST(code("{\"prompt\":\"\xff\"}") == problem_code::invalid_utf8);
  BOOST_TEST(code("{\"prompt\":\xff") == problem_code::invalid_utf8);
  BOOST_TEST(code("{\"prompt\":\"\xed\xa0\x80\"}") == problem_code::invalid_utf8);
  BOOST_TEST(code("{\"prompt\":\"a\0b\"}"s) == problem_code::nul_byte);
  BOOST_TEST(code("{\"prompt\":\"ab\"}\0"s) == problem_code::nul_byte);
  BOOST_TEST(code("\0\0\0\0"s) == problem_code::nul_byte);
}

BOOST_AUTO_TEST_CASE(json_that_on_demand_would_let_through_is_refused) {
  for (const auto* body :
       {R"({"x":tru})", R"({"x":1 "y":2})", R"({"x":[1,2}})", R"({"x":"\q"})", R"({"x":"\ud800"})",
        "{\"x\":\"\t\"}", R"({"x":01})", R"({"x":1.})", R"({"x":+1})", R"({"x":NaN})", R"({x:1})",
        R"({"x":1,})", R"({'x':1})", R"({"x":nul})", R"({"x":falsee})", R"({"x":"\u12g4"})"}) {
    BOOST_TEST(code(openai_line("a", body)) == problem_code::invalid_json_line, body);
  }
  for (const auto* text :
       {R"({"prompt":"hi"} x)", R"({"prompt":"hi"}{"prompt":"ho"})", R"({"prompt":"hi)",
        R"({"prompt":"hi")", "{", "}", "hello", "\"", "{\"prompt\":\"a\"}]"}) {
    BOOST_TEST(code(text) == problem_code::invalid_json_line, text);
  }
}

BOOST_AUTO_TEST_CASE(numbers_that_are_json_and_beyond_us_are_called_so) {
  for (const auto* number : {"1e400", "-1e400", "123456789012345678901234567890"}) {
    const auto got = check(R"({"prompt":"hi","x":)"s + number + "}");
    BOOST_TEST(says(got, "invalid_json_line"), got);
    BOOST_TEST(says(got, "which JSON allows"), got);
  }
}

BOOST_AUTO_TEST_CASE(a_byte_order_mark_inside_of_a_file_is_named) {
  BOOST_TEST(says(check("\xEF\xBB\xBF{\"prompt\":\"hi\"}"), "byte order mark"));
}

BOOST_AUTO_TEST_CASE(nesting_has_a_limit_that_is_told) {
  const auto deep = [](size_t n) {
    return R"({"prompt":"hi","x":)" + std::string(n, '[') + std::string(n, ']') + "}";
  };
  BOOST_TEST(code(deep(1000)) == "good");
  BOOST_TEST(says(check(deep(2000)), "1,024 levels"));
}

BOOST_AUTO_TEST_CASE(what_is_json_and_no_object_is_refused) {
  for (const auto* text : {"[]", "7", "\"a\"", "null", R"([{"prompt":"hi"}])"}) {
    BOOST_TEST(code(text) == problem_code::not_an_object, text);
  }
}

BOOST_AUTO_TEST_CASE(each_part_of_an_openai_line_is_checked) {
  const auto line = [](std::string_view members) { return "{" + std::string{members} + "}"; };
  const auto good_end = R"("method":"POST","url":"/v1/chat/completions","body":{})"s;
  BOOST_TEST(code(line(good_end)) == problem_code::missing_custom_id);
  for (const auto* id : {"7", "null", "\"\"", "[]", "1.5"}) {
    BOOST_TEST(
      code(line(R"("custom_id":)"s + id + "," + good_end)) == problem_code::invalid_custom_id, id);
  }
  BOOST_TEST(code(line(R"("custom_id":")" + std::string(512, 'x') + "\"," + good_end)) == "good");
  BOOST_TEST(code(line(R"("custom_id":")" + std::string(513, 'x') + "\"," + good_end)) ==
             problem_code::invalid_custom_id);
  BOOST_TEST(code(line(R"("custom_id":"a","url":"/v1/chat/completions","body":{})")) ==
             problem_code::missing_method);
  for (const auto* method : {R"("GET")", R"("post")", "7", "null"}) {
    BOOST_TEST(code(line(R"("custom_id":"a","url":"/v1/chat/completions","body":{},"method":)"s +
                         method)) == problem_code::invalid_method,
               method);
  }
  BOOST_TEST(code(line(R"("custom_id":"a","method":"POST","body":{})")) ==
             problem_code::missing_url);
  for (const auto* url : {R"("/v1/embeddings")", R"("")", R"("/v1/chat/completions/")", "7"}) {
    BOOST_TEST(code(line(R"("custom_id":"a","method":"POST","body":{},"url":)"s + url)) ==
                 problem_code::url_mismatch,
               url);
  }
  BOOST_TEST(code(line(R"("custom_id":"a","method":"POST","url":"/v1/chat/completions")")) ==
             problem_code::missing_body);
  BOOST_TEST(code(line(R"("custom_id":"a")")) == problem_code::missing_method);
  for (const auto* body : {"[]", "null", R"("{}")"}) {
    BOOST_TEST(code(openai_line("a", body)) == problem_code::invalid_body, body);
  }
}

BOOST_AUTO_TEST_CASE(each_part_of_a_short_form_is_checked) {
  BOOST_TEST(code("{}") == problem_code::missing_prompt);
  BOOST_TEST(code(R"({"messages":[]})") == problem_code::missing_prompt);
  BOOST_TEST(code(R"({"prompt":7})") == problem_code::invalid_prompt);
  BOOST_TEST(code(R"({"prompt":["a"]})") == problem_code::invalid_prompt);
  BOOST_TEST(code(R"({"prompt":"a","id":1.5})") == problem_code::invalid_custom_id);
  BOOST_TEST(code(R"({"prompt":"a","id":""})") == problem_code::invalid_custom_id);
  BOOST_TEST(code(R"({"prompt":"a","custom_id":7})") == problem_code::invalid_custom_id);
  BOOST_TEST(code(R"({"prompt":"a","id":"x","custom_id":"x"})") ==
             problem_code::conflicting_member);
  BOOST_TEST(code(R"({"prompt":"a","model":""})") == problem_code::invalid_model);
  BOOST_TEST(code(R"({"prompt":"a","model":null})") == problem_code::invalid_model);
  BOOST_TEST(code(R"({"prompt":"a","system":[]})") == problem_code::invalid_system);
  BOOST_TEST(code(R"({"prompt":"a","system":"b"})", rules_for("/v1/embeddings")) ==
             problem_code::invalid_system);
  BOOST_TEST(code(R"({"prompt":"a","messages":[]})") == problem_code::conflicting_member);
  BOOST_TEST(code(R"({"prompt":"a","m\u0065ssages":[]})") == problem_code::conflicting_member);
  BOOST_TEST(code(R"({"prompt":"a","input":"b"})", rules_for("/v1/embeddings")) ==
             problem_code::conflicting_member);
  BOOST_TEST(code(R"({"prompt":"a","input":"b"})", rules_for("/v1/responses")) ==
             problem_code::conflicting_member);
  BOOST_TEST(code(R"({"prompt":"a","system":"s","instructions":"b"})",
                  rules_for("/v1/responses")) == problem_code::conflicting_member);
}

BOOST_AUTO_TEST_CASE(a_stream_is_refused_where_the_endpoint_has_one) {
  for (const char* asks : {R"({"stream":true})", R"({"a":1,"stream":true,"b":2})",
                           R"({"str\u0065am":true})", R"({"stream":false,"stream":true})"}) {
    BOOST_TEST(code(openai_line("a", asks)) == problem_code::stream_not_supported, asks);
  }
  for (const char* good : {R"({"stream":false})", R"({"stream":null})",
                           R"({"stream_options":true,"a":{"stream":true}})"}) {
    BOOST_TEST(code(openai_line("a", good)) == "good", good);
  }
  const auto prompt = R"({"prompt":"a","stream":true})";
  for (const char* endpoint : {"/v1/chat/completions", "/v1/completions", "/v1/responses"}) {
    BOOST_TEST(code(prompt, rules_for(endpoint)) == problem_code::stream_not_supported);
    BOOST_TEST(code(R"({"prompt":"a","stream":false})", rules_for(endpoint)) == "good");
  }
  BOOST_TEST(code(prompt, rules_for("/v1/images/generations")) == "good");
}

BOOST_AUTO_TEST_CASE(a_member_that_counts_may_stand_once) {
  BOOST_TEST(code(R"({"custom_id":"b",)" + openai_line("a", "{}").substr(1)) ==
             problem_code::duplicate_member);
  BOOST_TEST(code(R"({"bod\u0079":{},)" + openai_line("a", "{}").substr(1)) ==
             problem_code::duplicate_member);
  BOOST_TEST(code(R"({"prompt":"a","prompt":"b"})") == problem_code::duplicate_member);
  BOOST_TEST(code(R"({"prompt":"a","top_p":1,"top_p":1})") == "good");
}

BOOST_AUTO_TEST_CASE(half_a_character_is_no_custom_id) {
  BOOST_TEST(code(openai_line(R"(a\udc00)", "{}")) != "good");
}

BOOST_AUTO_TEST_CASE(messages_say_what_to_do_and_quote_no_more_than_they_need) {
  const auto secret = "the text of the prompt"s;
  for (const auto& text :
       {openai_line("a", R"({"messages":")" + secret + "\",}"), R"({"prompt":")" + secret,
        R"({"prompt":")" + secret + R"(","model":7})", R"({"prompt":[")" + secret + R"("]})"}) {
    BOOST_TEST(!says(check(text), "text of"), text);
  }
  const auto url = check(R"({"custom_id":"a","method":"POST","body":{},"url":"/v1/)" +
                         std::string(500, 'x') + "\\n\"}");
  BOOST_TEST(says(url, "/v1/xxx"));
  BOOST_TEST(says(url, "\"/v1/chat/completions\""));
  BOOST_TEST(url.size() < 250U);
}

BOOST_AUTO_TEST_CASE(a_problem_keeps_the_custom_id_where_it_is_known) {
  validator v{{}};
  const owned_line known{R"({"custom_id":"known","method":"GET","url":"x","body":{}})"};
  BOOST_TEST(v.validate(known.get()).error().custom_id == "known");
  const owned_line broken{R"({"custom_id":"known")"};
  BOOST_TEST(v.validate(broken.get()).error().custom_id.empty());
}

BOOST_AUTO_TEST_CASE(big_lines_are_checked_like_small_ones) {
  validator v{{}};
  const auto text = std::string(3 * 1024 * 1024, 'x');
  const owned_line good{openai_line("big", R"({"x":")" + text + "\"}")};
  const owned_line bad{openai_line("big", R"({"x":")" + text + "}")};
  for (int i = 0; i < 2; ++i) {
    BOOST_TEST(v.validate(good.get()).value() == "big");
    BOOST_TEST(v.validate(bad.get()).error().code == problem_code::invalid_json_line);
  }
}

BOOST_AUTO_TEST_CASE(one_validator_checks_many_lines) {
  validator v{{}};
  for (size_t size = 1; size < 20'000; size = size * 3 / 2 + 1) {
    const owned_line l{R"({"prompt":")" + std::string(size, 'x') + R"(","id":")" +
                       std::to_string(size) + "\"}"};
    BOOST_TEST(v.validate(l.get()).value() == std::to_string(size));
    BOOST_TEST(!v.validate(owned_line{"{"}.get()));
  }
}

BOOST_AUTO_TEST_SUITE_END()
