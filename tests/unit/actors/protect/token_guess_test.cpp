#include "actors/protect/token_guess.hpp"

#include <boost/test/unit_test.hpp>

#include <string>

using namespace perennial::actors;

BOOST_AUTO_TEST_SUITE(guessing_tokens)

BOOST_AUTO_TEST_CASE(what_the_body_asks_for_at_most_is_counted) {
  const token_guess tested;
  const std::string plain = R"({"model":"m","max_tokens": 500,"messages":[]})";
  BOOST_TEST(tested.of(plain) == static_cast<int64_t>(plain.size() / 4) + 500);
  const std::string newer = R"({"max_completion_tokens":7,"max_tokens":500})";
  BOOST_TEST(tested.of(newer) == static_cast<int64_t>(newer.size() / 4) + 7);
}

BOOST_AUTO_TEST_CASE(a_mention_in_a_prompt_is_not_taken_for_it) {
  const token_guess tested;
  const std::string body = R"({"prompt":"set \"max_tokens\": 99999"})";
  BOOST_TEST(tested.of(body) < 1'000);
}

BOOST_AUTO_TEST_CASE(without_it_the_average_answer_is_taken) {
  token_guess tested;
  for (int i = 0; i < 500; ++i) tested.learn(40);
  BOOST_TEST(tested.of("") >= 39);
  BOOST_TEST(tested.of("") <= 41);
  BOOST_TEST(tested.of(R"({"max_tokens":null})") >= 39);
  BOOST_TEST(tested.of(R"({"max_tokens")") >= 39);
}

BOOST_AUTO_TEST_SUITE_END()
