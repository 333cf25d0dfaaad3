#include "protocol/jobs/line_splitter.hpp"

#include <boost/test/unit_test.hpp>

#include <ostream>
#include <vector>

using namespace perennial::jobs;
using namespace std::string_literals;

BOOST_AUTO_TEST_SUITE(job_line_splitter)

namespace {

struct seen {
  std::string bytes;
  uint64_t ordinal, number, offset, size;
  bool too_long;
  friend bool operator==(const seen&, const seen&) = default;
  friend std::ostream& operator<<(std::ostream& out, const seen& s) {
    return out << '[' << s.bytes << "] #" << s.ordinal << " line " << s.number << " @" << s.offset
               << " size " << s.size << (s.too_long ? " too long" : "");
  }
};
using lines = std::vector<seen>;

seen copy(const line& l) {
  return {std::string{l.bytes}, l.ordinal, l.number, l.offset, l.size, l.too_long};
}

lines split(std::string_view file, size_t chunk, line_position start = {}, uint64_t limit = 1000) {
  line_splitter s{start, limit};
  lines out;
  line l;
  while (!file.empty()) {
    // A copy of exactly this size, so that the sanitizer sees any byte read beyond it.
    const std::vector<char> piece(file.begin(), file.begin() + std::min(chunk, file.size()));
    s.feed({piece.data(), piece.size()});
    while (s.next(l)) out.push_back(copy(l));
    file.remove_prefix(piece.size());
  }
  if (s.finish(l)) out.push_back(copy(l));
  BOOST_TEST(!s.finish(l));
  return out;
}

/// The lines, the same for every size of chunk.
lines split_all_ways(std::string_view file, uint64_t limit = 1000) {
  auto whole = split(file, file.size() + 1, {}, limit);
  for (size_t chunk = 1; chunk <= file.size(); ++chunk) {
    const auto pieces = split(file, chunk, {}, limit);
    BOOST_TEST(pieces == whole, boost::test_tools::per_element());
  }
  return whole;
}

} // namespace

BOOST_AUTO_TEST_CASE(lines_have_their_ordinal_number_and_offset) {
  const lines want{
    {"one", 0, 1, 0, 3, false}, {"two", 1, 2, 4, 3, false}, {"3", 2, 3, 8, 1, false}};
  BOOST_TEST(split_all_ways("one\ntwo\n3\n") == want, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_missing_last_newline_is_fine) {
  const lines want{{"one", 0, 1, 0, 3, false}, {"two", 1, 2, 4, 3, false}};
  BOOST_TEST(split_all_ways("one\ntwo") == want, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(crlf_ends_a_line_and_a_lone_cr_does_not) {
  const lines want{{"a", 0, 1, 0, 1, false}, {"b\rc", 1, 2, 3, 3, false}, {"d", 2, 3, 8, 1, false}};
  BOOST_TEST(split_all_ways("a\r\nb\rc\r\nd\r") == want, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(blank_lines_have_a_number_and_no_ordinal) {
  const lines want{{"a", 0, 3, 6, 1, false}, {" b ", 1, 6, 13, 3, false}};
  BOOST_TEST(split_all_ways("\n \t\r\r\na\n\n\t \r\n b \n\r\n  ") == want,
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_file_of_nothing_or_blanks_has_no_lines) {
  BOOST_TEST(split_all_ways("").empty());
  BOOST_TEST(split_all_ways("\n").empty());
  BOOST_TEST(split_all_ways("  \r\n\t\n ").empty());
  BOOST_TEST(split_all_ways("\xEF\xBB\xBF").empty());
  BOOST_TEST(split_all_ways("\xEF\xBB\xBF\r\n\n").empty());
}

BOOST_AUTO_TEST_CASE(a_byte_order_mark_is_skipped_at_the_start_only) {
  const lines want{{"a", 0, 1, 3, 1, false}, {"\xEF\xBB\xBF"s + "b", 1, 2, 5, 4, false}};
  BOOST_TEST(split_all_ways("\xEF\xBB\xBF"
                            "a\n\xEF\xBB\xBF"
                            "b\n") == want,
             boost::test_tools::per_element());
  // Half a mark is a line.
  BOOST_TEST(split_all_ways("\xEF\xBB\n").size() == 1U);
}

BOOST_AUTO_TEST_CASE(a_line_beyond_the_limit_is_given_without_its_bytes) {
  const lines want{
    {"12345", 0, 1, 0, 5, false}, {"", 1, 2, 6, 6, true}, {"ok", 2, 3, 13, 2, false}};
  BOOST_TEST(split_all_ways("12345\n123456\nok\n", 5) == want, boost::test_tools::per_element());
  const auto big = std::string(100, 'x');
  const lines three{
    {"", 0, 1, 0, 100, true}, {"a", 1, 2, 102, 1, false}, {"", 2, 3, 104, 100, true}};
  BOOST_TEST(split_all_ways(big + "\r\na\n" + big, 5) == three, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(line_end_and_byte_order_mark_do_not_count_towards_the_limit) {
  const lines want{{"12345", 0, 1, 3, 5, false}, {"", 1, 2, 10, 6, true}};
  BOOST_TEST(split_all_ways("\xEF\xBB\xBF"
                            "12345\r\n123456\r\n",
                            5) == want,
             boost::test_tools::per_element());
  BOOST_TEST(split_all_ways("\xEF\xBB\xBF" + std::string(30, ' ') + "\r", 5).empty());
  const lines long_first{{"", 0, 1, 3, 20, true}, {"a", 1, 2, 24, 1, false}};
  BOOST_TEST(split_all_ways("\xEF\xBB\xBF" + std::string(20, 'x') + "\na", 5) == long_first,
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(blanks_beyond_the_limit_are_still_a_blank_line) {
  const lines want{{"a", 0, 2, 51, 1, false}, {"", 1, 3, 53, 31, true}};
  BOOST_TEST(split_all_ways(std::string(50, ' ') + "\na\n" + std::string(30, ' ') + "x\n", 5) ==
               want,
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(nul_bytes_do_not_end_anything) {
  BOOST_TEST(split_all_ways("a\0b\nc"s)[0].bytes == "a\0b"s);
}

BOOST_AUTO_TEST_CASE(a_whole_line_is_a_view_into_the_chunk) {
  const std::string chunk = "abc\nde";
  line_splitter s;
  line l;
  s.feed(chunk);
  BOOST_REQUIRE(s.next(l));
  BOOST_TEST(static_cast<const void*>(l.bytes.data()) == static_cast<const void*>(chunk.data()));
  BOOST_TEST(!l.assembled);
  BOOST_TEST(!s.next(l));
  s.feed("f\n");
  BOOST_REQUIRE(s.next(l));
  BOOST_TEST(l.bytes == "def");
  BOOST_TEST(l.assembled);
}

BOOST_AUTO_TEST_CASE(a_splitter_goes_on_where_another_stopped) {
  const std::string file = "\xEF\xBB\xBF"
                           "one\r\n\n two\n\nthree three three\nfour";
  const auto all = split(file, file.size());
  for (size_t chunk = 1; chunk < file.size(); ++chunk) {
    for (size_t stop = 0; stop <= all.size(); ++stop) {
      line_splitter s{{}, 10};
      line l;
      size_t given = 0, fed = 0;
      while (given < stop && fed < file.size()) {
        const auto piece = std::string_view{file}.substr(fed, chunk);
        s.feed(piece);
        fed += piece.size();
        while (given < stop && s.next(l)) ++given;
      }
      const auto at = s.position();
      const auto rest = split(std::string_view{file}.substr(at.offset), 3, at);
      const lines want{all.begin() + static_cast<ptrdiff_t>(given), all.end()};
      BOOST_TEST(rest == want, boost::test_tools::per_element());
    }
  }
}

BOOST_AUTO_TEST_CASE(a_splitter_that_starts_inside_of_a_line_skips_to_its_end) {
  for (size_t chunk = 1; chunk < 20; ++chunk) {
    const line_position inside{100, 7, 9, true};
    const lines want{{"next", 7, 9, 105, 4, false}, {"b", 8, 10, 110, 1, false}};
    BOOST_TEST(split("tail\nnext\nb", chunk, inside) == want, boost::test_tools::per_element());
    BOOST_TEST(split("no end", chunk, inside).empty());
  }
}

BOOST_AUTO_TEST_CASE(memory_for_a_line_that_is_too_long_is_bounded) {
  line_splitter s{{}, 1000};
  line l;
  const std::string mib(1024 * 1024, 'x');
  for (int i = 0; i < 2000; ++i) { // 2 GB of one line
    s.feed(mib);
    BOOST_REQUIRE(!s.next(l));
  }
  BOOST_REQUIRE(s.finish(l));
  BOOST_TEST(l.too_long);
  BOOST_TEST(l.size == 2000 * mib.size());
}

BOOST_AUTO_TEST_CASE(the_counter_counts_as_the_splitter_does) {
  const std::vector<std::string> files{"",
                                       "a",
                                       "a\n",
                                       "\n",
                                       " \n a",
                                       "a\n\n\tb\r\nc",
                                       "\xEF\xBB\xBF",
                                       "\xEF\xBB\xBF\n",
                                       "\xEF\xBB\xBF\na",
                                       "\xEF\xBB\xBF x",
                                       "\xEF\xBB",
                                       "\xEFx\ny",
                                       "\xEF",
                                       "x\xEF\xBB\xBF",
                                       "\r\r\n",
                                       "\xEF\n\xBB\n",
                                       "\xEF\xBB\n\xBF",
                                       "  "};
  for (const auto& file : files) {
    for (size_t chunk = 1; chunk <= file.size() + 1; ++chunk) {
      line_counter counter;
      for (size_t at = 0; at < file.size(); at += chunk) {
        counter.feed(std::string_view{file}.substr(at, chunk));
      }
      const auto want = split(file, file.size() + 1);
      BOOST_TEST(counter.lines() == want.size(), file << " in pieces of " << chunk);
      BOOST_TEST(counter.mid_line() == (!file.empty() && file.back() != '\n'));
      const bool open = counter.mid_line() && !want.empty() &&
                        want.back().offset + want.back().size + 1 >= file.size();
      BOOST_TEST(counter.counted() == open, file << " in pieces of " << chunk);
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
