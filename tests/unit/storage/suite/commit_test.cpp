#include "tests/unit/storage/seeded.hpp"
#include "tests/unit/storage/suite/world.hpp"

#include <map>

using namespace perennial;
using namespace perennial::storage;

BOOST_AUTO_TEST_SUITE(store_commit)

BOOST_AUTO_TEST_CASE_TEMPLATE(results_go_to_their_logs_and_counts, impl, implementations) {
  world<impl> w;
  const auto id = w.running(4).id;
  auto first = ok_result(id, 2, "two\n");
  first.attempts = 3;
  first.ambiguous = true;
  first.tokens = {1, 2, 3, 4};
  auto second = error_result(id, 0, 400);
  second.tokens = {10, 20, 30, 40};
  const auto counts = w.commit({first, second, ok_result(id, 1, "one\n")});
  BOOST_REQUIRE(counts.size() == 1);
  batch_progress expected;
  expected.total = 4;
  expected.completed = 2;
  expected.failed = 1;
  expected.watermark = 3;
  expected.ok_bytes = 8;
  expected.error_bytes = second.text.size();
  expected.retried = 1;
  expected.tokens = {11, 22, 33, 44};
  BOOST_TEST(counts[0].batch == id);
  BOOST_TEST((counts[0].progress == expected));
  BOOST_TEST((w.progress(id) == expected));
  BOOST_TEST(w.log(id, output_kind::ok) == "two\none\n");
  BOOST_TEST(w.log(id, output_kind::error) == second.text);
  BOOST_TEST((must(w.db->get_index(id, 1)) == index_entry{output_kind::ok, 4, 4, 200, 1}));
  BOOST_TEST((must(w.db->get_index(id, 2)) == index_entry{output_kind::ok, 0, 4, 200, 3}));
  BOOST_TEST(!must(w.db->get_index(id, 3)).has_value());
  BOOST_TEST((must(w.db->done_in_segment(id, 0)) == std::vector<bool>{true, true, true, false}));
  w.check(id);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(the_first_result_wins_and_the_others_are_counted, impl,
                              implementations) {
  world<impl> w;
  const auto id = w.running(3).id;
  w.commit({ok_result(id, 1, "first\n"), ok_result(id, 1, "second\n")});
  w.commit({error_result(id, 1, 500)});
  w.restart();
  w.commit({ok_result(id, 1, "third\n"), ok_result(id, 0, "zero\n")});
  BOOST_TEST(w.progress(id).dropped == 3U);
  BOOST_TEST(w.progress(id).completed == 2U);
  BOOST_TEST(w.progress(id).failed == 0U);
  BOOST_TEST(w.log(id, output_kind::ok) == "first\nzero\n");
  w.check(id);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(results_of_batches_at_an_end_or_unknown_are_dropped, impl,
                              implementations) {
  world<impl> w;
  const auto id = w.running(3).id;
  const auto other = w.running(3).id;
  w.set_status(id, batch_status::cancelled);
  const auto counts = w.commit({ok_result(id, 1), ok_result(999, 1), ok_result(other, 2)});
  BOOST_TEST(counts.size() == 2U);
  BOOST_TEST(w.progress(id).completed == 0U);
  BOOST_TEST(w.progress(id).dropped == 1U);
  BOOST_TEST(w.progress(other).completed == 1U);
  BOOST_TEST(w.log(id, output_kind::ok).empty());
  w.check(id);
  w.check(other);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_result_of_a_line_that_the_file_lacks_is_dropped, impl,
                              implementations) {
  world<impl> w;
  const auto id = w.running(3).id;
  w.commit({ok_result(id, 3), ok_result(id, 70'000)});
  BOOST_TEST(w.progress(id).dropped == 2U);
  BOOST_TEST(w.progress(id).watermark == 0U);
  w.check(id);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(an_empty_group_changes_nothing, impl, implementations) {
  world<impl> w;
  BOOST_TEST(w.commit({}).empty());
}

BOOST_AUTO_TEST_CASE_TEMPLATE(the_last_line_leaves_the_state_to_the_caller, impl, implementations) {
  world<impl> w;
  const auto id = w.running(1).id;
  w.commit({ok_result(id, 0)});
  const auto batch = must(w.db->get_batch(id));
  BOOST_TEST((batch.state.status == batch_status::in_progress));
  BOOST_TEST(batch.progress.watermark == 1U);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(long_lines_and_many_lines_are_read_from_any_offset, impl,
                              implementations) {
  world<impl> w;
  const auto id = w.running(300).id;
  test::seeded random{5};
  std::string expected;
  std::vector<line_result> results;
  for (line_no n = 0; n < 300; ++n) {
    const auto size = random.below(20) == 0 ? 200'000 : random.below(3000);
    results.push_back(ok_result(id, n, std::string(size, static_cast<char>('a' + n % 26)) + "\n"));
    expected += results.back().text;
  }
  w.commit(results);
  for (int i = 0; i < 100; ++i) {
    const auto offset = random.below(static_cast<uint32_t>(expected.size()));
    const auto most = 1 + random.below(150'000);
    const auto got = must(w.db->read_output(id, output_kind::ok, offset, most));
    BOOST_TEST(!got.empty());
    BOOST_TEST(got.size() <= most);
    BOOST_TEST((got == std::string_view{expected}.substr(offset, got.size())));
  }
  BOOST_TEST(must(w.db->read_output(id, output_kind::ok, expected.size(), 10)).empty());
  BOOST_TEST(must(w.db->read_output(id, output_kind::ok, expected.size() + 99, 10)).empty());
  BOOST_TEST(must(w.db->read_output(id, output_kind::error, 0, 10)).empty());
  w.check(id);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(the_index_is_scanned_in_order_of_the_file, impl, implementations) {
  world<impl> w;
  const auto id = w.running(100).id;
  w.commit({ok_result(id, 50), ok_result(id, 3), error_result(id, 70, 500), ok_result(id, 4)});
  std::vector<line_no> seen;
  must(w.db->scan_index(id, 4, [&](line_no n, const index_entry&) {
    seen.push_back(n);
    return n < 50;
  }));
  BOOST_TEST(seen == (std::vector<line_no>{4, 50}));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(waits_are_read_again_by_segment_until_the_batch_ends, impl,
                              implementations) {
  world<impl> w;
  constexpr line_no far = 2 * segment_lines + 1;
  const auto id = w.running(far + 1).id;
  commit_group group;
  const waiting_entry five{2, at(77), true, "reset", at(78), {{"a", "503", "down"}}};
  group.waits = {{id, 5, {1, at(5), false, "older"}}, {id, 5, five}, {id, far, {}}, {id, 0, {}}};
  group.ambiguous = {{id, 3}, {999, 1}};
  BOOST_TEST(must(w.db->commit(group)).size() == 1U);
  w.commit({ok_result(id, 0)});
  w.commit({ok_result(id, 6)});
  group = {};
  group.waits = {{id, 6, {}}}; // late: the line has its result
  must(w.db->commit(group));
  w.restart();
  const auto done = must(w.db->done_in_segment(id, 0));
  auto waiting = must(w.db->waiting_in_segment(id, 0));
  std::erase_if(waiting, [&](const auto& entry) { return done[entry.first]; });
  BOOST_REQUIRE(waiting.size() == 1);
  BOOST_TEST(waiting[0].first == 5U);
  BOOST_TEST((waiting[0].second == five));
  BOOST_TEST(must(w.db->waiting_in_segment(id, 1)).empty());
  BOOST_REQUIRE(must(w.db->waiting_in_segment(id, 2)).size() == 1U);
  BOOST_TEST(must(w.db->waiting_in_segment(id, 2))[0].first == far);
  BOOST_TEST(w.progress(id).ambiguous == 3U);
  w.set_status(id, batch_status::cancelled);
  BOOST_TEST(must(w.db->waiting_in_segment(id, 2)).empty());
}

BOOST_AUTO_TEST_CASE_TEMPLATE(the_watermark_follows_over_segments, impl, implementations) {
  world<impl> w;
  constexpr uint64_t count = 2 * segment_lines + 10;
  const auto id = w.running(count).id;
  const auto range = [&](line_no from, line_no to) {
    std::vector<line_result> out;
    for (auto n = from; n < to; ++n) out.push_back(ok_result(id, n, "x\n"));
    return out;
  };
  w.commit(range(segment_lines, 2 * segment_lines));
  BOOST_TEST(w.progress(id).watermark == 0U);
  w.commit(range(1, segment_lines));
  BOOST_TEST(w.progress(id).watermark == 0U);
  auto resumed = must(w.db->unfinished_batches());
  BOOST_TEST(resumed.at(0).unfinished_segments == (std::vector<uint32_t>{0, 2}));
  w.restart();
  resumed = must(w.db->unfinished_batches());
  BOOST_TEST(resumed.at(0).unfinished_segments == (std::vector<uint32_t>{0, 2}));
  auto done = must(w.db->done_in_segment(id, 0));
  BOOST_TEST(done.size() == segment_lines);
  BOOST_TEST((!done[0] && done[1] && done[segment_lines - 1]));
  w.commit({ok_result(id, 0)});
  BOOST_TEST(w.progress(id).watermark == 2 * segment_lines);
  w.commit({ok_result(id, 2 * segment_lines + 1)});
  BOOST_TEST(w.progress(id).watermark == 2 * segment_lines);
  BOOST_TEST(must(w.db->done_in_segment(id, 2)).size() == 10U);
  w.check(id);
  w.commit(range(2 * segment_lines, count));
  BOOST_TEST(w.progress(id).watermark == count);
  BOOST_TEST(w.progress(id).dropped == 1U);
  BOOST_TEST(must(w.db->unfinished_batches()).at(0).unfinished_segments.empty());
  w.check(id);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(counts_equal_rows_after_any_interleaving_and_restart, impl,
                              implementations) {
  for (uint64_t seed = 1; seed <= 5; ++seed) {
    test::seeded random{seed};
    world<impl> w;
    std::vector<batch_id> ids;
    std::map<batch_id, std::map<line_no, std::string>> first; // what must win
    std::map<batch_id, uint64_t> dropped;
    for (int i = 0; i < 3; ++i) ids.push_back(w.running(segment_lines + 300).id);
    for (int round = 0; round < 40; ++round) {
      std::vector<line_result> group;
      const auto size = random.below(60);
      for (uint32_t i = 0; i < size; ++i) {
        const auto id = ids[random.below(3)];
        const auto line =
          random.coin() ? random.below(200) : segment_lines - 50 + random.below(300);
        auto r = random.below(5) == 0 ? error_result(id, line, 500) : ok_result(id, line);
        r.text = fmt::format("{}-{}\n", random.bits(), std::string(random.below(3000), 'x'));
        if (!first[id].emplace(line, r.text).second) ++dropped[id];
        group.push_back(std::move(r));
      }
      w.commit(std::move(group));
      if (random.below(8) == 0) w.restart();
    }
    for (const auto id : ids) {
      w.check(id);
      const auto p = w.progress(id);
      BOOST_TEST(p.completed + p.failed == first[id].size(), "seed " << seed);
      BOOST_TEST(p.dropped == dropped[id], "seed " << seed);
      for (const auto& [line, text] : first[id]) {
        const auto e = must(w.db->get_index(id, line));
        BOOST_REQUIRE(e.has_value());
        BOOST_TEST(must(w.db->read_output(id, e->kind, e->offset, e->length)) == text);
      }
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()
