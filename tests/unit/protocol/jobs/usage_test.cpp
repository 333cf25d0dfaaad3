#include "protocol/jobs/huge_body.hpp"

#include <boost/test/unit_test.hpp>

#include <ostream>

namespace perennial::jobs {
static std::ostream& operator<<(std::ostream& out, const usage& u) {
  return out << u.input << '/' << u.cached << ' ' << u.output << '/' << u.reasoning << ' '
             << u.total;
}
} // namespace perennial::jobs

using namespace perennial::jobs;

BOOST_AUTO_TEST_SUITE(response_usage)

BOOST_AUTO_TEST_CASE(the_usage_of_chat_is_read) {
  BOOST_TEST(usage_of(R"({"choices":[],"usage":{"prompt_tokens":10,"completion_tokens":20,)"
                      R"("total_tokens":31,"prompt_tokens_details":{"cached_tokens":4},)"
                      R"("completion_tokens_details":{"reasoning_tokens":5}}})") ==
             (usage{10, 4, 20, 5, 31}));
}

BOOST_AUTO_TEST_CASE(the_usage_of_responses_is_read) {
  BOOST_TEST(usage_of(R"({"usage":{"input_tokens":1,"input_tokens_details":{"cached_tokens":2},)"
                      R"("output_tokens":3,"output_tokens_details":{"reasoning_tokens":4}}})") ==
             (usage{1, 2, 3, 4, 4}));
}

BOOST_AUTO_TEST_CASE(what_cannot_be_true_counts_as_nothing) {
  for (const auto* body :
       {"", "{}", "[]", "null", "not json", R"({"usage":null})", R"({"usage":[1]})",
        R"({"usage":{"prompt_tokens":-1}})", R"({"usage":{"prompt_tokens":"7"}})",
        R"({"usage":{"prompt_tokens":18446744073709551615}})",
        R"({"x":{"usage":{"prompt_tokens":1}}})", R"({"usage":{"prompt_tokens_details":7}})",
        R"({"usage":{"prompt_tokens_details":null}})"}) {
    BOOST_TEST(usage_of(body) == usage{}, body);
  }
}

BOOST_AUTO_TEST_CASE(a_huge_body_is_read_as_a_small_one) {
  for (const auto* body :
       {"{}", "[]", "null", R"({"usage":null})", R"({"usage":[1]})",
        R"([{"usage":{"prompt_tokens":1}}])", R"({"usage":{"prompt_tokens":-1}})",
        R"({"usage":{"prompt_tokens":"7"},"prompt_tokens":3})",
        R"({"usage":{"prompt_tokens":18446744073709551615}})",
        R"({"x":[{"usage":1},[]],"usage":{"x":{"y":{"cached_tokens":1}},"input_tokens":1,)"
        R"("input_tokens_details":{"cached_tokens":2,"z":[{"cached_tokens":9}]},)"
        R"("output_tokens":3,"output_tokens_details":{"reasoning_tokens":4}},"y":{}})",
        R"({"usage":{"prompt_tokens":10,"completion_tokens":20,"total_tokens":31}})"}) {
    const auto got = usage_of_huge(body);
    BOOST_REQUIRE(got.has_value());
    BOOST_TEST(*got == usage_of(body), body);
  }
  for (const auto* body : {"", "{", "{} {}", "{\"a\":1,}", "{\"a\":\"\xff\"}", "not json"}) {
    BOOST_TEST(!usage_of_huge(body).has_value(), body);
  }
  const auto huge = R"({"text":")" + std::string(5'000'000, 'x') +
                    R"(","usage":{"prompt_tokens":10,"completion_tokens":20}})";
  BOOST_TEST(usage_of(huge) == (usage{10, 0, 20, 0, 30}));
}

BOOST_AUTO_TEST_SUITE_END()
