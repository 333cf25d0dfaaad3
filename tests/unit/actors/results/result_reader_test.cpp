#include "actors/results/result_reader.hpp"

#include "actors/results/unrun.hpp"
#include "tests/unit/actors/job_file.hpp"

using namespace perennial;
using namespace perennial::actors;
using namespace perennial::storage;

BOOST_AUTO_TEST_SUITE(reading_results)

namespace {

struct seen_line {
  line_no line;
  output_kind kind;
  uint16_t code;
  std::string text;
};

std::vector<seen_line> in_order(const store& db, batch_id newest, size_t at_most = ~size_t{0}) {
  std::vector<seen_line> out;
  must(read_in_order(db, newest, [&](const ordered_result& r) {
    out.push_back({r.line, r.kind, r.code, std::string{r.text}});
    return out.size() < at_most;
  }));
  return out;
}

/// As "line:text", the newline left out.
std::vector<std::string> texts(const store& db, batch_id newest) {
  std::vector<std::string> out;
  for (const auto& s : in_order(db, newest)) {
    out.push_back(fmt::format("{}:{}", s.line, s.text.substr(0, s.text.size() - 1)));
  }
  return out;
}

void cancel(job_world& w, batch_id id) {
  w.change(id, batch_change::cancel);
  w.change(id, batch_change::finalize);
  const auto lines = must(lay_out_unrun(*w.db, id));
  must(w.db->set_unrun(id, lines.segments, lines.bytes));
  w.change(id, batch_change::close);
}

line_result with_text(line_result r, std::string text) {
  r.text = std::move(text);
  return r;
}

using list = std::vector<std::string>;

} // namespace

BOOST_AUTO_TEST_CASE(results_come_in_order_of_the_file_whatever_finished_first) {
  job_world w;
  const auto id = w.run(jobs_text(6)).id;
  BOOST_TEST(in_order(*w.db, id).empty());
  w.commit({ok_result(id, 5), error_result(id, 2, 404)});
  w.commit({ok_result(id, 0), ok_result(id, 3)});
  BOOST_TEST(texts(*w.db, id) ==
             (list{"0:result of 0", "2:error of 2", "3:result of 3", "5:result of 5"}));
  const auto all = in_order(*w.db, id);
  BOOST_TEST((all[1].kind == output_kind::error && all[1].code == 404));
  BOOST_TEST((all[0].kind == output_kind::ok && all[0].code == 200));
}

BOOST_AUTO_TEST_CASE(the_visitor_may_stop) {
  job_world w;
  const auto id = w.run(jobs_text(6)).id;
  w.commit({ok_result(id, 5), ok_result(id, 1), ok_result(id, 2)});
  BOOST_TEST(in_order(*w.db, id, 2).size() == 2U);
}

BOOST_AUTO_TEST_CASE(an_unknown_batch_is_said) {
  job_world w;
  const auto done = read_in_order(*w.db, 77, [](const auto&) { return true; });
  BOOST_TEST((kind(done) == errc::not_found));
}

BOOST_AUTO_TEST_CASE(lines_of_any_length_are_whole_wherever_they_lie) {
  job_world w;
  constexpr uint64_t count = 60;
  const auto id = w.run(jobs_text(count)).id;
  const auto text_of = [](line_no n) {
    // Some longer than several pieces of the log, some that end on a border of 64 KiB.
    const size_t size = n % 7 == 0 ? 300'000 + n : n % 5 == 0 ? 65'535 : 10 * n;
    return std::string(size, static_cast<char>('a' + n % 26)) + "\n";
  };
  for (line_no i = 0; i < count; ++i) {
    const auto n = (i * 37) % count; // some other order
    w.commit({with_text(n % 3 == 0 ? error_result(id, n, 500) : ok_result(id, n), text_of(n))});
  }
  const auto all = in_order(*w.db, id);
  BOOST_REQUIRE(all.size() == count);
  for (line_no n = 0; n < count; ++n) {
    BOOST_TEST(all[n].line == n);
    BOOST_TEST((all[n].text == text_of(n)), "line " << n);
  }
}

BOOST_AUTO_TEST_CASE(more_results_than_one_piece_of_the_index_are_all_there) {
  job_world w;
  constexpr uint64_t count = 40'000; // the index is read 16,384 rows at a time
  const auto id = w.run(jobs_text(count)).id;
  std::vector<line_result> results;
  for (line_no n = count; n-- > 0;) results.push_back(ok_result(id, n, fmt::format("{}\n", n)));
  w.commit(std::move(results));
  line_no next = 0;
  must(read_in_order(*w.db, id, [&](const ordered_result& r) {
    BOOST_REQUIRE(r.line == next);
    BOOST_REQUIRE(r.text == fmt::format("{}\n", next));
    ++next;
    return true;
  }));
  BOOST_TEST(next == count);
}

BOOST_AUTO_TEST_CASE(the_newest_result_of_a_chain_of_retries_is_told) {
  job_world w;
  const auto first = w.run(jobs_text(5));
  w.commit({ok_result(first.id, 0), error_result(first.id, 1, 500), error_result(first.id, 2, 500),
            ok_result(first.id, 3), error_result(first.id, 4, 500)});
  w.change(first.id, batch_change::complete);
  const auto second = w.retry(first);
  // What the retry has not done yet is told as it was.
  w.commit({with_text(ok_result(second.id, 2), "second 2\n"),
            with_text(error_result(second.id, 1, 502), "second 1\n")});
  BOOST_TEST(texts(*w.db, second.id) ==
             (list{"0:result of 0", "1:second 1", "2:second 2", "3:result of 3", "4:error of 4"}));
  w.commit({with_text(error_result(second.id, 4, 502), "second 4\n")});
  w.change(second.id, batch_change::complete);
  const auto third = w.retry(w.get(second.id));
  w.commit({with_text(ok_result(third.id, 4), "third 4\n")});
  BOOST_TEST(texts(*w.db, third.id) ==
             (list{"0:result of 0", "1:second 1", "2:second 2", "3:result of 3", "4:third 4"}));
  BOOST_TEST(texts(*w.db, first.id).at(1) == "1:error of 1"); // the parent does not change
}

BOOST_AUTO_TEST_CASE(a_retry_replaces_lines_that_never_ran) {
  job_world w;
  const auto first = w.run(jobs_text(4));
  w.commit({ok_result(first.id, 1)});
  cancel(w, first.id);
  auto all = in_order(*w.db, first.id);
  BOOST_REQUIRE(all.size() == 4U);
  BOOST_TEST((all[0].kind == output_kind::error && all[0].code == 0));
  BOOST_TEST(all[0].text.find("batch_cancelled") != std::string::npos);
  BOOST_TEST(all[3].line == 3U);

  const auto second = w.retry(w.get(first.id));
  w.commit({with_text(ok_result(second.id, 2), "second 2\n")});
  cancel(w, second.id);
  all = in_order(*w.db, second.id);
  BOOST_REQUIRE(all.size() == 4U);
  BOOST_TEST(all[1].text == "result of 1\n");
  BOOST_TEST(all[2].text == "second 2\n");
  // Of the two batches in which line 3 never ran, the newer one says so.
  BOOST_TEST(all[3].text.find(fmt::format("{:016x}", second.id)) != std::string::npos);
}

BOOST_AUTO_TEST_CASE(the_output_file_is_the_log_in_order_of_completion) {
  job_world w;
  const auto id = w.run(jobs_text(3)).id;
  w.commit({ok_result(id, 2)});
  w.commit({ok_result(id, 0), error_result(id, 1, 400)});
  const auto batch = w.get(id);
  const std::string expected = "result of 2\nresult of 0\n";
  BOOST_TEST(output_size(batch, output_kind::ok) == expected.size());
  BOOST_TEST(must(output_reader{*w.db, batch, output_kind::ok}.read(0, 1000)) == expected);
  BOOST_TEST(must(output_reader{*w.db, batch, output_kind::ok}.read(7, 4)) ==
             expected.substr(7, 4));
  BOOST_TEST(must(output_reader{*w.db, batch, output_kind::ok}.read(expected.size(), 4)) == "");
  BOOST_TEST(must(output_reader{*w.db, batch, output_kind::ok}.read(1'000'000, 4)) == "");
  BOOST_TEST(output_size(batch, output_kind::error) == std::string{"error of 1\n"}.size());
}

BOOST_AUTO_TEST_CASE(a_line_that_is_longer_than_a_piece_comes_in_pieces) {
  job_world w;
  const auto id = w.run(jobs_text(3)).id;
  auto blob = must(w.db->begin_blob(id, 1));
  const std::string part(1 << 20, 'p');
  for (int i = 0; i < 20; ++i) must(blob->append(part));
  must(blob->append("\n"));
  must(blob->finish());
  line_result r;
  r.batch = id;
  r.line = 1;
  r.code = 200;
  r.attempts = 1;
  r.long_text = std::move(blob);
  w.commit({ok_result(id, 2), std::move(r), ok_result(id, 0)});

  std::string text;
  size_t ends = 0;
  must(read_in_order(*w.db, id, [&](const ordered_result& piece) {
    BOOST_TEST(piece.text.size() <= long_piece);
    text += piece.text;
    ends += piece.ends ? 1 : 0;
    return true;
  }));
  std::string expected = "result of 0\n";
  for (int i = 0; i < 20; ++i) expected += part;
  expected += "\nresult of 2\n";
  BOOST_TEST((text == expected));
  BOOST_TEST(ends == 3u);

  output_reader log{*w.db, must(w.db->get_batch(id)), output_kind::ok};
  std::string all;
  for (;;) {
    const auto more = must(log.read(all.size(), 256 << 10));
    if (more.empty()) break;
    all += more;
  }
  std::string in_log = "result of 2\n";
  for (int i = 0; i < 20; ++i) in_log += part;
  BOOST_TEST((all == in_log + "\nresult of 0\n"));
}

BOOST_AUTO_TEST_SUITE_END()
