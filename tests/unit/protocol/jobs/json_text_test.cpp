#include "protocol/jobs/json_text.hpp"

#include <boost/test/unit_test.hpp>

using namespace perennial::jobs;
using namespace std::string_literals;

BOOST_AUTO_TEST_SUITE(json_text)

namespace {

std::string written(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

std::string read(std::string_view inside) {
  std::string out;
  return append_unescaped(out, inside) ? out : "<refused>" + out;
}

} // namespace

BOOST_AUTO_TEST_CASE(strings_are_written_with_the_escapes_they_need_and_no_others) {
  BOOST_TEST(written("") == R"("")");
  BOOST_TEST(written("plain é 日 🦊 / ' DEL\x7f") == "\"plain é 日 🦊 / ' DEL\x7f\"");
  BOOST_TEST(written("a\"b\\c\nd\re\tf\bg\fh") == R"("a\"b\\c\nd\re\tf\bg\fh")");
  BOOST_TEST(written("\0\x01\x1f"s) == R"("\u0000\u0001\u001f")");
}

BOOST_AUTO_TEST_CASE(bytes_that_are_not_utf8_become_replacement_characters) {
  BOOST_TEST(written("a\xff"
                     "b") == "\"a\xEF\xBF\xBD"
                             "b\"");
  BOOST_TEST(written("\xc3") == "\"\xEF\xBF\xBD\"");                     // a character cut off
  BOOST_TEST(written("\xc3\n") == "\"\xEF\xBF\xBD\\n\"");                // and what follows is kept
  BOOST_TEST(written("\xed\xa0\x80").size() == 2U + 9U);                 // half a surrogate pair
  BOOST_TEST(written("\xf0\x9f\xa6\x8a\x80") == "\"🦊\xEF\xBF\xBD\""); // one byte too many
}

BOOST_AUTO_TEST_CASE(escapes_are_read) {
  BOOST_TEST(read(R"(a\"b\\c\/\b\f\n\r\t)") == "a\"b\\c/\b\f\n\r\t");
  BOOST_TEST(read(R"(\u0041\u00e9\u65E5\ud83e\udd8a)") == "Aé日🦊");
  BOOST_TEST(read(R"(\u0000)") == "\0"s);
}

BOOST_AUTO_TEST_CASE(wrong_escapes_are_refused_and_leave_nothing) {
  for (const auto* wrong : {R"(a\)", R"(a\q)", R"(a\u12)", R"(a\u12g4)", R"(a\ud800)",
                            R"(a\ud800x)", R"(a\ud800A)", R"(a\udc00)"}) {
    BOOST_TEST(read(wrong) == "<refused>", wrong);
  }
}

BOOST_AUTO_TEST_CASE(what_was_written_reads_back) {
  std::string all;
  for (int c = 0; c < 128; ++c) all.push_back(static_cast<char>(c));
  const auto text = written(all);
  BOOST_TEST(read(std::string_view{text}.substr(1, text.size() - 2)) == all);
}

BOOST_AUTO_TEST_CASE(words_of_a_user_are_shown_cut_and_without_control_characters) {
  BOOST_TEST(in_quotes("/v1/x") == "\"/v1/x\"");
  BOOST_TEST(shown("a\nb\x1b[31m\xff\"") == "a?b?[31m?'");
  BOOST_TEST(shown(std::string(100, 'x')) == std::string(80, 'x') + "…");
  BOOST_TEST(shown("日日日", 7) == "日日…");
  BOOST_TEST(shown("日日", 6) == "日日");
}

BOOST_AUTO_TEST_CASE(a_padded_copy_has_the_room) {
  const auto text = with_padding("abc");
  BOOST_TEST(text == "abc");
  BOOST_TEST(text.capacity() >= 3 + json_padding);
}

BOOST_AUTO_TEST_SUITE_END()
