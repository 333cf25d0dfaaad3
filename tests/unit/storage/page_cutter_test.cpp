#include "storage/page_cutter.hpp"

#include "tests/unit/storage/seeded.hpp"

#include <boost/test/unit_test.hpp>

#include <optional>

using namespace perennial;
using namespace perennial::storage;

BOOST_AUTO_TEST_SUITE(cutting_pages)

namespace {

struct kept_page {
  uint64_t offset;
  line_no lines_before;
  bool mid_line;
  bool counted;
  std::string bytes;
  bool operator==(const kept_page&) const = default;
};

struct cut_file {
  std::vector<kept_page> pages;
  uint64_t lines = 0;
  uint64_t bytes = 0;
};

template <class NextSize>
cut_file cut(std::string_view text, NextSize next_size) {
  cut_file out;
  page_cutter cutter{[&](const cut_page& p) -> result<void> {
    out.pages.push_back({p.offset, p.lines_before, p.mid_line, p.counted, std::string{p.bytes}});
    return {};
  }};
  while (!text.empty()) {
    const auto n = std::min<size_t>(text.size(), next_size());
    BOOST_REQUIRE(cutter.append(text.substr(0, n)).has_value());
    text.remove_prefix(n);
  }
  BOOST_REQUIRE(cutter.finish().has_value());
  out.lines = cutter.lines();
  out.bytes = cutter.bytes();
  return out;
}

cut_file cut_whole(std::string_view text) {
  return cut(text, [&] { return text.size(); });
}

bool blank(std::string_view line) {
  return line.find_first_not_of(" \t\r") == std::string_view::npos;
}

/// The job lines of a text, without newlines, with where each begins.
std::vector<std::pair<uint64_t, std::string>> naive_split(std::string_view text) {
  std::vector<std::pair<uint64_t, std::string>> out;
  uint64_t at = 0;
  while (at < text.size()) {
    const auto end = std::min(text.find('\n', at), text.size());
    const auto line = text.substr(at, end - at);
    if (!blank(line)) out.emplace_back(at, std::string{line});
    at = end + 1;
  }
  return out;
}

/// The line, found as a reader finds it: from its page on.
std::optional<std::pair<uint64_t, std::string>> find_line(const cut_file& file, line_no wanted) {
  // The last page with at most `wanted` lines before it; back over what continues uncounted lines.
  size_t i = file.pages.size();
  while (i > 0 && file.pages[i - 1].lines_before > wanted) --i;
  if (i-- == 0) return std::nullopt;
  while (i > 0 && file.pages[i].mid_line && !file.pages[i].counted) --i;
  auto ordinal = file.pages[i].lines_before;
  auto at = file.pages[i].offset;
  std::string rest;
  for (size_t j = i; j < file.pages.size(); ++j) rest += file.pages[j].bytes;
  size_t from = 0;
  if (file.pages[i].mid_line) from = std::min(rest.find('\n'), rest.size() - 1) + 1;
  while (from < rest.size()) {
    const auto end = std::min(rest.find('\n', from), rest.size());
    const auto line = rest.substr(from, end - from);
    if (!blank(line) && ordinal++ == wanted) return std::pair{at + from, line};
    from = end + 1;
  }
  return std::nullopt;
}

/// Text with lines of very different lengths, blank ones of all kinds, some longer than pages.
std::string random_text(test::seeded& random, size_t size) {
  std::string out;
  while (out.size() < size) {
    switch (random.below(12)) {
    case 0: out += "\n"; break;
    case 1: out += " \t\r\n"; break;
    case 2: out.append(random.below(3 * page_bytes), ' '); break;
    case 3: out.append(random.below(3 * page_bytes), 'x').append("\n"); break;
    case 4: out.append(random.below(2 * page_bytes), '\t').append("y\n"); break;
    default:
      out.append(random.below(2000), 'a' + static_cast<char>(random.below(26))).append("\r\n");
    }
  }
  if (random.coin()) out += "last line without newline";
  return out;
}

} // namespace

BOOST_AUTO_TEST_CASE(nothing_gives_no_page) {
  const auto file = cut_whole("");
  BOOST_TEST(file.pages.empty());
  BOOST_TEST(file.lines == 0U);
}

BOOST_AUTO_TEST_CASE(blank_lines_are_not_counted_and_the_last_needs_no_newline) {
  const auto file = cut_whole("one\n\n \t\r\n  two\r\nthree");
  BOOST_REQUIRE(file.pages.size() == 1);
  BOOST_TEST(file.lines == 3U);
  BOOST_TEST(file.bytes == 21U);
}

BOOST_AUTO_TEST_CASE(a_page_ends_after_the_last_newline_in_its_second_half) {
  std::string text(page_bytes - 10, 'x');
  text += "\n";
  text.append(100, 'y');
  const auto file = cut_whole(text);
  BOOST_REQUIRE(file.pages.size() == 2);
  BOOST_TEST(file.pages[0].bytes.size() == page_bytes - 9);
  BOOST_TEST(file.pages[1].offset == page_bytes - 9);
  BOOST_TEST(!file.pages[1].mid_line);
  BOOST_TEST(file.pages[1].lines_before == 1U);
}

BOOST_AUTO_TEST_CASE(a_page_without_a_newline_there_is_cut_in_the_line) {
  std::string text = "\n";
  text.append(page_bytes, 'x');
  const auto file = cut_whole(text);
  BOOST_REQUIRE(file.pages.size() == 2);
  BOOST_TEST(file.pages[0].bytes.size() == page_bytes);
  BOOST_TEST(file.pages[1].mid_line);
  BOOST_TEST(file.pages[1].counted);
  BOOST_TEST(file.pages[1].lines_before == 1U);
}

BOOST_AUTO_TEST_CASE(a_line_that_is_blank_so_far_is_counted_in_the_page_of_its_first_text) {
  std::string text(page_bytes + 5, ' ');
  text += "x\n";
  const auto file = cut_whole(text);
  BOOST_REQUIRE(file.pages.size() == 2);
  BOOST_TEST(file.pages[1].mid_line);
  BOOST_TEST(!file.pages[1].counted);
  BOOST_TEST(file.pages[1].lines_before == 0U);
  BOOST_TEST(file.lines == 1U);
}

BOOST_AUTO_TEST_CASE(any_pieces_give_the_same_pages) {
  for (uint64_t seed = 1; seed <= 4; ++seed) {
    test::seeded random{seed};
    const auto text = random_text(random, 5 * page_bytes);
    const auto whole = cut_whole(text);
    for (const uint32_t most : {1000U, 70'000U, 3'000'000U}) {
      const auto pieces = cut(text, [&] { return 1 + random.below(most); });
      BOOST_TEST((pieces.pages == whole.pages), "seed " << seed);
      BOOST_TEST(pieces.lines == whole.lines);
    }
  }
}

BOOST_AUTO_TEST_CASE(pages_join_to_the_text_and_every_line_is_found_from_its_page) {
  for (uint64_t seed = 10; seed <= 16; ++seed) {
    test::seeded random{seed};
    const auto text = random_text(random, 6 * page_bytes);
    const auto file = cut_whole(text);
    std::string joined;
    for (const auto& p : file.pages) {
      BOOST_TEST(p.offset == joined.size());
      BOOST_TEST(p.bytes.size() <= page_bytes);
      joined += p.bytes;
    }
    BOOST_TEST((joined == text), "seed " << seed);
    const auto lines = naive_split(text);
    BOOST_TEST(file.lines == lines.size());
    for (line_no n = 0; n < lines.size(); n += 1 + random.below(7)) {
      const auto found = find_line(file, n);
      BOOST_REQUIRE_MESSAGE(found.has_value(), "seed " << seed << ", line " << n);
      BOOST_TEST((*found == lines[n]), "seed " << seed << ", line " << n);
    }
  }
}

BOOST_AUTO_TEST_CASE(a_failing_sink_ends_the_call) {
  page_cutter cutter{[](const cut_page&) -> result<void> { return fail(errc::no_space, "full"); }};
  BOOST_TEST(cutter.append("abc").has_value());
  BOOST_TEST((cutter.finish().error().kind == errc::no_space));
}

BOOST_AUTO_TEST_SUITE_END()
