#include "protocol/jobs/replace_model.hpp"

#include "protocol/jobs/json_text.hpp"

#include <boost/test/unit_test.hpp>

using namespace perennial::jobs;

BOOST_AUTO_TEST_SUITE(job_replace_model)

namespace {

replaced_model replace(std::string_view body, std::string_view model = "new") {
  const auto text = with_padding(body);
  auto got = replace_model(text, model);
  BOOST_REQUIRE_MESSAGE(got, body);
  return *got;
}

} // namespace

BOOST_AUTO_TEST_CASE(the_value_is_replaced_and_every_other_byte_stays) {
  const auto got = replace("{ \"a\" : 1.50 ,\t\"model\" : \"old\" , \"b\":[ ] } ");
  BOOST_TEST(got.changed);
  BOOST_TEST(got.body == "{ \"a\" : 1.50 ,\t\"model\" : \"new\" , \"b\":[ ] } ");
  BOOST_TEST(got.before == "old");
}

BOOST_AUTO_TEST_CASE(a_value_of_any_kind_is_replaced) {
  BOOST_TEST(replace(R"({"model":null,"x":1})").body == R"({"model":"new","x":1})");
  BOOST_TEST(replace(R"({"model": 12.5 })").body == R"({"model": "new" })");
  BOOST_TEST(replace(R"({"model":{"model":"in"} ,"x":1})").body == R"({"model":"new" ,"x":1})");
  BOOST_TEST(replace(R"({"model":["a","b"]})").body == R"({"model":"new"})");
  BOOST_TEST(replace(R"({"model":null})").before.empty());
}

BOOST_AUTO_TEST_CASE(an_escaped_key_is_the_same_key) {
  BOOST_TEST(replace(R"({"mod\u0065l":"old"})").body == R"({"mod\u0065l":"new"})");
  BOOST_TEST(replace(R"({"\u006d\u006f\u0064\u0065\u006c":"o"})").before == "o");
}

BOOST_AUTO_TEST_CASE(other_members_with_that_name_are_left_alone) {
  const auto got =
    replace(R"({"tools":[{"model":"t"}],"a":{"model":"in"},"models":"x","Model":"y"})");
  BOOST_TEST(
    got.body ==
    R"({"model":"new","tools":[{"model":"t"}],"a":{"model":"in"},"models":"x","Model":"y"})");
  BOOST_TEST(replace(R"({"text":"\"model\":\"old\"","model":"old"})").body ==
             R"({"text":"\"model\":\"old\"","model":"new"})");
}

BOOST_AUTO_TEST_CASE(both_of_two_equal_keys_are_replaced) {
  const auto got = replace(R"({"model":"one","x":1,"model":"two"})");
  BOOST_TEST(got.body == R"({"model":"new","x":1,"model":"new"})");
  BOOST_TEST(got.before == "one");
}

BOOST_AUTO_TEST_CASE(a_missing_model_is_put_first) {
  BOOST_TEST(replace("{}").body == R"({"model":"new"})");
  BOOST_TEST(replace("{ \t}").body == "{\"model\":\"new\" \t}");
  BOOST_TEST(replace(R"({"a":1})").body == R"({"model":"new","a":1})");
  BOOST_TEST(replace(R"({ "a":"}" })").body == R"({"model":"new", "a":"}" })");
}

BOOST_AUTO_TEST_CASE(the_same_model_changes_nothing) {
  const auto got = replace(R"({"model":"new","x":1})");
  BOOST_TEST(!got.changed);
  BOOST_TEST(got.body.empty());
}

BOOST_AUTO_TEST_CASE(a_name_with_quotes_is_escaped) {
  BOOST_TEST(replace(R"({"model":"o\"ld"})", "a\"b").body == R"({"model":"a\"b"})");
  BOOST_TEST(replace(R"({"model":"o\"ld"})", "a\"b").before == "o\"ld");
}

BOOST_AUTO_TEST_CASE(a_big_body_is_replaced_too) {
  const auto tail = R"(,"x":")" + std::string(2'000'000, 'x') + "\"}";
  BOOST_TEST((replace(R"({"model":"old")" + tail).body == R"({"model":"new")" + tail));
}

BOOST_AUTO_TEST_CASE(what_is_no_object_is_refused) {
  for (const auto* body : {"", "[]", "7", "{\"model\":", "{\"a\" 1}"}) {
    BOOST_TEST(!replace_model(with_padding(body), "m").has_value(), body);
  }
}

BOOST_AUTO_TEST_SUITE_END()
