#include "protocol/jobs/result_line.hpp"

#include <nlohmann/json.hpp>

#include <boost/test/unit_test.hpp>

#include <thread>
#include <vector>

using namespace perennial::jobs;
using namespace std::string_literals;

BOOST_AUTO_TEST_SUITE(job_result_line)

namespace {

result_fields answered(std::string_view body) {
  result_fields f;
  f.batch = 0x18bcfe56800;
  f.ordinal = 255;
  f.custom_id = "a";
  f.status_code = 200;
  f.request_id = "req_1";
  f.body = body;
  return f;
}

std::string render(const result_fields& fields) {
  std::string out = "before";
  const auto got = render_result(fields, out);
  BOOST_TEST(out.size() == 6 + got.bytes);
  out.erase(0, 6);
  BOOST_REQUIRE(out.ends_with("\n"));
  BOOST_TEST(out.find('\n') == out.size() - 1);
  BOOST_TEST(nlohmann::json::accept(out), out);
  return out;
}

const auto start = R"({"id":"batch_req_0000018bcfe5680000000000ff","custom_id":"a",)"s;

std::string around(std::string_view body) {
  return start + R"("response":{"status_code":200,"request_id":"req_1","body":)" +
         std::string{body} + "},\"error\":null}\n";
}

} // namespace

BOOST_AUTO_TEST_CASE(an_answer_is_rendered_as_openai_does) {
  BOOST_TEST(render(answered(R"({"choices":[ 1, 2.50 ]})")) ==
             around(R"({"choices":[ 1, 2.50 ]})"));
}

BOOST_AUTO_TEST_CASE(a_rejection_keeps_its_body_and_has_no_error) {
  auto f = answered(R"({"error":{"message":"no"}})");
  f.status_code = 403;
  f.request_id = {};
  BOOST_TEST(render(f) == start + R"("response":{"status_code":403,"request_id":null,)"
                                  R"("body":{"error":{"message":"no"}}},"error":null})"
                                  "\n");
}

BOOST_AUTO_TEST_CASE(a_line_that_never_ran_has_an_error_and_no_response) {
  auto f = answered("not looked at");
  f.status_code = 0;
  f.error_code = "batch_cancelled";
  f.error_message = "it was \"cancelled\"";
  BOOST_TEST(render(f) == start + R"("response":null,"error":{"code":"batch_cancelled",)"
                                  R"("message":"it was \"cancelled\""}})"
                                  "\n");
}

BOOST_AUTO_TEST_CASE(a_custom_id_is_escaped_and_may_be_unknown) {
  auto f = answered("{}");
  f.custom_id = "a\"\n\xff";
  BOOST_TEST(render(f).find("\"custom_id\":\"a\\\"\\n\xEF\xBF\xBD\",") != std::string::npos);
  f.custom_id = {};
  BOOST_TEST(render(f).find(R"("custom_id":null,)") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_body_with_line_breaks_is_made_compact) {
  BOOST_TEST(render(answered("{\n  \"a\" : [1,\r\n 2],\n\t\"b\":\"x  \\n y\"\n}\n")) ==
             around(R"({"a":[1,2],"b":"x  \n y"})"));
  std::string pretty = "[\n", compact = "[";
  for (int i = 0; i < 5000; ++i) {
    pretty += "  {\n    \"text\" : \"some words\"\n  },\n";
    compact += R"({"text":"some words"},)";
  }
  BOOST_TEST((render(answered(pretty + "1\n]")) == around(compact + "1]")));
}

BOOST_AUTO_TEST_CASE(a_body_that_is_no_json_becomes_a_string) {
  const auto string_body = [](std::string_view body) {
    std::string out;
    BOOST_TEST(!render_result(answered(body), out).body_is_json);
    return render(answered(body));
  };
  BOOST_TEST(string_body("<html>\n\"bad\" gateway</html>") ==
             around(R"("<html>\n\"bad\" gateway</html>")"));
  BOOST_TEST(string_body("{\"a\":\"\xff\"}") == around("\"{\\\"a\\\":\\\"\xEF\xBF\xBD\\\"}\""));
  BOOST_TEST(string_body("{\"a\":1}{") == around(R"("{\"a\":1}{")"));
  BOOST_TEST(string_body("{\"a\":tru}") == around(R"("{\"a\":tru}")"));
  BOOST_TEST(string_body("\0"s) == around(R"("\u0000")"));
  BOOST_TEST(string_body("NaN") == around(R"("NaN")"));
}

BOOST_AUTO_TEST_CASE(any_json_is_a_body_and_none_is_null) {
  BOOST_TEST(render(answered("7")) == around("7"));
  BOOST_TEST(render(answered(R"("text")")) == around(R"("text")"));
  BOOST_TEST(render(answered("[]")) == around("[]"));
  BOOST_TEST(render(answered("")) == around("null"));
}

BOOST_AUTO_TEST_CASE(our_own_member_is_there_when_it_has_something_to_say) {
  auto f = answered("{}");
  f.attempts = 3;
  BOOST_TEST(render(f).ends_with(R"("error":null,"perennial":{"attempts":3}})"
                                 "\n"));
  f.line_number = 7;
  f.ambiguous = true;
  f.provider = "p\"1";
  f.model_replaced = true;
  f.model_before = "x";
  f.model = "y";
  BOOST_TEST(
    render(f).ends_with(R"("error":null,"perennial":{"line":7,"attempts":3,"ambiguous":true,)"
                        R"("provider":"p\"1","model_replaced":{"from":"x","to":"y"}}})"
                        "\n"));
  f.model_before = {};
  BOOST_TEST(render(f).find(R"({"from":null,"to":"y"})") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(the_usage_comes_with_the_rendering) {
  std::string out;
  const auto got = render_result(
    answered("{\n\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":4,\"total_tokens\":7}}"),
    out);
  BOOST_TEST((got.usage == usage{3, 0, 4, 0, 7}));
  BOOST_TEST((render_result(answered("x"), out).usage == usage{}));
}

BOOST_AUTO_TEST_CASE(a_reader_finds_the_head_of_each_kind_of_line) {
  auto f = answered("{}");
  f.custom_id = "q\"\\\n日";
  auto head = read_result_head(render(f)).value();
  BOOST_TEST(head.custom_id == f.custom_id);
  BOOST_TEST(head.status_code == 200);
  BOOST_TEST(head.error_code.empty());

  f.status_code = 0;
  f.error_code = "batch_expired";
  head = read_result_head(render(f)).value();
  BOOST_TEST(head.status_code == 0);
  BOOST_TEST(head.error_code == "batch_expired");

  f.custom_id = {};
  BOOST_TEST(read_result_head(render(f)).value().custom_id.empty());
}

BOOST_AUTO_TEST_CASE(a_line_cut_anywhere_in_its_head_is_no_result) {
  const auto whole = render(answered("{}"));
  const auto head_end = whole.find("200");
  for (size_t size = 0; size < head_end; ++size) {
    BOOST_TEST(!read_result_head(whole.substr(0, size)).has_value(), whole.substr(0, size));
  }
  BOOST_TEST(!read_result_head("{}").has_value());
}

BOOST_AUTO_TEST_CASE(big_bodies_are_rendered_whole) {
  const auto body = R"({"b64":")" + std::string(3'000'000, 'A') + "\"}";
  BOOST_TEST((render(answered(body)) == around(body)));
}

BOOST_AUTO_TEST_CASE(many_threads_render_at_once) {
  std::vector<std::thread> threads;
  std::vector<size_t> wrong(8);
  for (size_t t = 0; t < wrong.size(); ++t) {
    threads.emplace_back([t, &wrong] {
      for (size_t i = 0; i < 200; ++i) {
        const auto body = R"({"n":)" + std::to_string(t * 1000 + i) + R"(,"x":")" +
                          std::string(i % 50 == 0 ? 300'000 : i, 'x') + "\"}";
        std::string out;
        render_result(answered(body), out);
        if (out != around(body)) ++wrong[t];
      }
    });
  }
  for (auto& t : threads) t.join();
  for (const auto n : wrong) BOOST_TEST(n == 0U);
}

BOOST_AUTO_TEST_SUITE_END()
