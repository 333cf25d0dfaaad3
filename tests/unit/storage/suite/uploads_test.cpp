#include "tests/unit/storage/seeded.hpp"
#include "tests/unit/storage/suite/world.hpp"

#include <thread>

using namespace perennial;
using namespace perennial::storage;

BOOST_AUTO_TEST_SUITE(store_uploads)

namespace {

template <class World>
std::string read_all(World& w, const file_record& file) {
  std::string out;
  while (out.size() < file.bytes) {
    const auto page = must(w.db->read_page(file.id, out.size()));
    BOOST_TEST(page.offset == out.size());
    BOOST_TEST(page.file == file.id);
    out += page.bytes();
  }
  return out;
}

/// Line `n` by the store's page, as a reader does it.
template <class World>
std::string read_line(World& w, const file_record& file, line_no n) {
  auto page = must(w.db->page_of_line(file.id, n));
  auto ordinal = page.lines_before;
  std::string text{page.bytes()};
  while (page.end() < file.bytes) {
    page = must(w.db->read_page(file.id, page.end()));
    text += page.bytes();
  }
  const auto first = must(w.db->page_of_line(file.id, n));
  size_t from = first.mid_line ? text.find('\n') + 1 : 0;
  for (;;) {
    const auto end = std::min(text.find('\n', from), text.size());
    const auto line = text.substr(from, end - from);
    if (line.find_first_not_of(" \t\r") != std::string::npos && ordinal++ == n) return line;
    BOOST_REQUIRE(end < text.size());
    from = end + 1;
  }
}

} // namespace

BOOST_AUTO_TEST_CASE_TEMPLATE(a_time_to_expire_may_come_behind_the_bytes, impl, implementations) {
  world<impl> w;
  auto up = must(w.db->begin_upload({"a", file_purpose::batch, at(5), {}}));
  must(up->append("one\n"));
  up->expire_at(at(9));
  const auto file = must(up->finish());
  w.restart();
  BOOST_TEST((must(w.db->get_file(file.id)).expires == at(9)));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_finished_upload_is_there_with_its_counts, impl, implementations) {
  world<impl> w;
  auto up = must(w.db->begin_upload({"my jobs.jsonl", file_purpose::batch, at(5), at(6)}));
  must(up->append("one\ntw"));
  must(up->append("o\n\nthree"));
  const auto file = must(up->finish());
  BOOST_TEST(file.id == up->id());
  BOOST_TEST((file.state == file_state::ready));
  BOOST_TEST(file.bytes == 14U);
  BOOST_TEST(file.lines == 3U);
  BOOST_TEST(file.name == "my jobs.jsonl");
  BOOST_TEST((file.sha256 == sha256("one\ntwo\n\nthree")));
  BOOST_TEST((file.created == at(5) && file.expires == at(6)));
  BOOST_TEST((must(w.db->get_file(file.id)) == file));
  BOOST_TEST(read_all(w, file) == "one\ntwo\n\nthree");
  w.restart();
  BOOST_TEST((must(w.db->get_file(file.id)) == file));
  BOOST_TEST(read_all(w, file) == "one\ntwo\n\nthree");
}

BOOST_AUTO_TEST_CASE_TEMPLATE(an_empty_file_has_no_pages, impl, implementations) {
  world<impl> w;
  const auto file = w.upload("");
  BOOST_TEST(file.bytes == 0U);
  BOOST_TEST((kind(w.db->read_page(file.id, 0)) == errc::not_found));
  BOOST_TEST((kind(w.db->page_of_line(file.id, 0)) == errc::not_found));
  w.restart();
  BOOST_TEST((must(w.db->get_file(file.id)) == file));
  BOOST_TEST(file.lines == 0U);
  // A batch over it has nothing to run, and no segment.
  const auto id = w.create(file.id).id;
  BOOST_TEST(must(w.db->resume_batch(id)).unfinished_segments.empty());
  must(w.db->end_validation({id, 1, {{1, 0, "empty", "is empty"}}, true, false, at(1)}));
  w.check(id);
  must(w.db->delete_file(file.id));
  w.restart();
  BOOST_TEST((kind(w.db->get_file(file.id)) == errc::not_found));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(an_unfinished_upload_is_seen_by_nobody_and_leaves_nothing, impl,
                              implementations) {
  world<impl> w;
  file_id id = 0;
  {
    auto up = must(w.db->begin_upload({"x", file_purpose::batch, at(5), {}}));
    id = up->id();
    must(up->append(std::string(3 << 20, 'x')));
    BOOST_TEST((kind(w.db->get_file(id)) == errc::not_found));
    BOOST_TEST(must(w.db->list_files(0, 10, true)).empty());
    batch_definition d;
    d.file = id;
    BOOST_TEST((kind(w.db->create_batch(d, {})) == errc::not_found));
  }
  BOOST_TEST((kind(w.db->get_file(id)) == errc::not_found));
  BOOST_TEST((kind(w.db->delete_file(id)) == errc::not_found));
  BOOST_TEST(std::filesystem::is_empty(w.dir.text() + "/uploads"));
  BOOST_TEST(w.upload("next").id > id);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_page_has_room_behind_it_and_ends_where_the_next_begins, impl,
                              implementations) {
  world<impl> w;
  std::string text;
  while (text.size() < 3 * page_bytes) text += std::string(999, 'a') + "\n";
  const auto file = w.upload(text);
  const auto page = must(w.db->read_page(file.id, 0));
  BOOST_TEST(page.size == page_bytes / 1000 * 1000);
  for (size_t i = 0; i < page_padding; ++i) BOOST_TEST(page.buffer.get()[page.size + i] == '\0');
  const auto next = must(w.db->read_page(file.id, page.end()));
  BOOST_TEST(next.lines_before == page.size / 1000);
  BOOST_TEST((!next.mid_line));
  BOOST_TEST(must(w.db->read_page(file.id, 1)).offset == 0U); // the one that holds the byte
  BOOST_TEST((kind(w.db->read_page(file.id, file.bytes)) == errc::not_found));
  BOOST_TEST((read_all(w, file) == text));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(every_line_is_found_from_its_page, impl, implementations) {
  world<impl> w;
  test::seeded random{3};
  for (int round = 0; round < 3; ++round) {
    std::string text;
    std::vector<std::string> expected;
    while (text.size() < 6 * page_bytes) {
      const auto blanks = random.below(8) == 0 ? random.below(2 * page_bytes) : 0;
      const auto size = 1 + random.below(random.below(10) == 0 ? 2 * page_bytes : 20'000);
      expected.push_back(std::string(blanks, ' ') + std::string(size, 'x') +
                         std::to_string(expected.size()));
      text += expected.back() + "\n" + (random.coin() ? " \r\n" : "");
    }
    const auto file = w.upload(text);
    BOOST_TEST(file.lines == expected.size());
    for (line_no n = 0; n < expected.size(); n += 1 + random.below(1 + expected.size() / 20)) {
      BOOST_TEST((read_line(w, file, n) == expected[n]), "line " << n);
    }
    BOOST_TEST((read_line(w, file, expected.size() - 1) == expected.back()));
    BOOST_TEST((kind(w.db->page_of_line(file.id, expected.size())) == errc::not_found));
  }
}

BOOST_AUTO_TEST_CASE_TEMPLATE(uploads_on_many_threads_do_not_mix, impl, implementations) {
  world<impl> w;
  constexpr size_t count = 4;
  std::vector<file_record> files(count);
  std::vector<std::thread> threads;
  for (size_t i = 0; i < count; ++i) {
    threads.emplace_back([&, i] {
      auto up = w.db->begin_upload({"x", file_purpose::batch, at(1000), {}});
      bool ok = up.has_value();
      for (int n = 0; ok && n < 300; ++n) {
        ok = (*up)->append(std::string(9'999, static_cast<char>('a' + i)) + "\n").has_value();
      }
      auto file = ok ? (*up)->finish() : fail(errc::internal, "did not work");
      if (file) files[i] = *file;
    });
  }
  for (auto& t : threads) t.join();
  for (size_t i = 0; i < count; ++i) {
    BOOST_TEST(files[i].lines == 300U);
    const auto text = read_all(w, files[i]);
    BOOST_TEST(text.find_first_not_of(std::string{static_cast<char>('a' + i), '\n'}) ==
               std::string::npos);
  }
}

BOOST_AUTO_TEST_CASE_TEMPLATE(files_are_listed_both_ways_and_in_portions, impl, implementations) {
  world<impl> w;
  std::vector<file_id> ids;
  for (int i = 0; i < 5; ++i) ids.push_back(w.upload("x").id);
  must(w.db->delete_file(ids[2]));
  const auto listed = [&](file_id after, size_t limit, bool newest_first) {
    std::vector<file_id> out;
    for (const auto& f : must(w.db->list_files(after, limit, newest_first))) out.push_back(f.id);
    return out;
  };
  using list = std::vector<file_id>;
  BOOST_TEST(listed(0, 100, true) == (list{ids[4], ids[3], ids[1], ids[0]}));
  BOOST_TEST(listed(0, 100, false) == (list{ids[0], ids[1], ids[3], ids[4]}));
  BOOST_TEST(listed(0, 2, true) == (list{ids[4], ids[3]}));
  BOOST_TEST(listed(ids[3], 2, true) == (list{ids[1], ids[0]}));
  BOOST_TEST(listed(ids[1], 1, false) == (list{ids[3]}));
  BOOST_TEST(listed(ids[0], 9, true).empty());
  BOOST_TEST(listed(ids[4], 9, false).empty());
}

BOOST_AUTO_TEST_CASE_TEMPLATE(ids_grow_even_when_the_clock_goes_back, impl, implementations) {
  world<impl> w;
  const auto late = must(w.db->begin_upload({"a", file_purpose::batch, at(9'000'000), {}}))->id();
  BOOST_TEST(late == uint64_t{9'000'000} << 20);
  w.restart();
  BOOST_TEST(w.upload("x").id == late + 1);
}

BOOST_AUTO_TEST_SUITE_END()
