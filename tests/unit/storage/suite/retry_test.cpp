#include "tests/unit/storage/suite/world.hpp"

using namespace perennial;
using namespace perennial::storage;

BOOST_AUTO_TEST_SUITE(store_retry)

namespace {

template <class World>
void select_all(World& w, batch_id retry) {
  uint32_t segment = 0;
  for (;;) {
    const auto next = must(w.db->select_failed(retry, segment));
    if (!next) return;
    segment = *next;
  }
}

template <class World>
std::vector<line_no> pending(World& w, batch_id id) {
  std::vector<line_no> out;
  const auto lines = must(w.db->get_batch(id)).definition.lines;
  for (uint32_t s = 0; uint64_t{s} * segment_lines < lines; ++s) {
    const auto done = must(w.db->done_in_segment(id, s));
    for (size_t i = 0; i < done.size(); ++i) {
      if (!done[i]) out.push_back(s * segment_lines + i);
    }
  }
  return out;
}

using list = std::vector<line_no>;

/// A retry whose lines are selected, in progress.
template <class World>
batch_record retry_of(World& w, const batch_record& parent, const std::string& only = {}) {
  const auto made = w.create(parent.definition.file, parent.id, only);
  select_all(w, made.id);
  return must(w.db->end_validation({made.id, 0, {}, false, false, at(9)}));
}

/// The lines that a retry of `parent` selects. It does not become a link of the chain.
template <class World>
list selected(World& w, const batch_record& parent, const std::string& only = {}) {
  return pending(w, retry_of(w, parent, only).id);
}

/// Five lines at their end: 0, 1 and 2 were refused with 403, 3 and 4 failed with 500.
template <class World>
batch_record two_codes(World& w) {
  const auto b = w.running(5);
  w.commit({error_result(b.id, 0, 403), error_result(b.id, 1, 403), error_result(b.id, 2, 403),
            error_result(b.id, 3, 500), error_result(b.id, 4, 500)});
  w.set_status(b.id, batch_status::completed);
  return b;
}

} // namespace

BOOST_AUTO_TEST_CASE_TEMPLATE(it_takes_what_failed_and_what_never_ran, impl, implementations) {
  world<impl> w;
  constexpr uint64_t count = 2 * segment_lines + 5;
  const auto parent = w.running(count);
  std::vector<line_result> results;
  for (line_no n = 0; n < count; ++n) {
    if (n == 7 || n == count - 1)
      results.push_back(error_result(parent.id, n, 500));
    else if (n != 9)
      results.push_back(ok_result(parent.id, n, "x\n"));
  }
  w.commit(results);
  w.set_status(parent.id, batch_status::cancelled);

  const auto retry = w.create(parent.definition.file, parent.id);
  BOOST_TEST(retry.progress.total == 0U);
  BOOST_TEST(must(w.db->select_failed(retry.id, 0)).value() == 1U);
  BOOST_TEST(w.progress(retry.id).total == 2U);
  BOOST_TEST(must(w.db->select_failed(retry.id, 0)).value() == 1U); // given again
  BOOST_TEST(w.progress(retry.id).total == 2U);
  BOOST_TEST((kind(w.db->select_failed(retry.id, 2)) == errc::conflict)); // 1 is missing
  w.restart();
  const auto cursor = must(w.db->unfinished_batches()).at(0).validation;
  BOOST_REQUIRE(cursor.has_value());
  BOOST_TEST((cursor->phase == validation_phase::selecting));
  BOOST_TEST(segment_of(cursor->ordinal) == 1U);
  BOOST_TEST(must(w.db->select_failed(retry.id, 1)).value() == 2U);
  BOOST_TEST(!must(w.db->select_failed(retry.id, 2)).has_value());
  must(w.db->end_validation({retry.id, 0, {}, false, false, at(9)}));

  BOOST_TEST(w.progress(retry.id).total == 3U);
  BOOST_TEST(w.progress(retry.id).watermark == 7U);
  BOOST_TEST(pending(w, retry.id) == (list{7, 9, count - 1}));
  BOOST_TEST(must(w.db->unfinished_batches()).at(0).unfinished_segments ==
             (std::vector<uint32_t>{0, 2}));
  w.check(retry.id);
  w.commit({ok_result(retry.id, 7), ok_result(retry.id, 8), ok_result(retry.id, 70'000)});
  BOOST_TEST(w.progress(retry.id).watermark == 9U);
  BOOST_TEST(w.progress(retry.id).dropped == 2U); // not selected
  w.restart();
  w.commit({ok_result(retry.id, 9)});
  BOOST_TEST(w.progress(retry.id).watermark == count - 1);
  w.commit({ok_result(retry.id, count - 1)});
  BOOST_TEST(w.progress(retry.id).watermark == count);
  BOOST_TEST(w.progress(retry.id).completed == 3U);
  BOOST_TEST(must(w.db->unfinished_batches()).at(0).unfinished_segments.empty());
  w.check(retry.id);
  w.check(parent.id);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(one_code_alone_can_be_asked_for, impl, implementations) {
  world<impl> w;
  const auto parent = w.running(6);
  w.commit({error_result(parent.id, 0, 500), error_result(parent.id, 1, 404),
            error_result(parent.id, 2, 500), ok_result(parent.id, 3),
            error_result(parent.id, 4, result_code::worker_crashed)});
  w.set_status(parent.id, batch_status::expired);
  BOOST_TEST(selected(w, parent, "500") == (list{0, 2}));
  BOOST_TEST(selected(w, parent, "404") == (list{1}));
  BOOST_TEST(selected(w, parent, "worker_crashed") == (list{4}));
  BOOST_TEST(selected(w, parent, "batch_expired") == (list{5}));
  BOOST_TEST(selected(w, parent, "batch_cancelled").empty());
  BOOST_TEST(selected(w, parent, "nonsense").empty());
  BOOST_TEST(selected(w, parent) == (list{0, 1, 2, 4, 5}));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(nothing_selected_leaves_nothing_to_do, impl, implementations) {
  world<impl> w;
  const auto parent = w.running(2);
  w.commit({ok_result(parent.id, 0), ok_result(parent.id, 1)});
  w.set_status(parent.id, batch_status::completed);
  const auto retry = w.create(parent.definition.file, parent.id);
  select_all(w, retry.id);
  BOOST_TEST(w.progress(retry.id).total == 0U);
  BOOST_TEST(w.progress(retry.id).watermark == 2U);
  w.check(retry.id);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_retry_of_a_retry_takes_what_is_still_not_done, impl,
                              implementations) {
  world<impl> w;
  const auto parent = w.running(5);
  w.commit({error_result(parent.id, 1, 500), error_result(parent.id, 3, 500),
            ok_result(parent.id, 0), ok_result(parent.id, 2), ok_result(parent.id, 4)});
  w.set_status(parent.id, batch_status::completed);
  const auto first = w.create(parent.definition.file, parent.id);
  select_all(w, first.id);
  must(w.db->end_validation({first.id, 0, {}, false, false, at(9)}));
  w.commit({ok_result(first.id, 1)});
  w.set_status(first.id, batch_status::cancelled);
  const auto second = w.create(parent.definition.file, first.id);
  select_all(w, second.id);
  BOOST_TEST(pending(w, second.id) == (list{3}));
  w.check(second.id);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(lines_with_other_codes_stay_in_reach_after_a_retry_of_one, impl,
                              implementations) {
  world<impl> w;
  const auto parent = two_codes(w);
  const auto first = retry_of(w, parent, "500");
  w.commit({ok_result(first.id, 3), error_result(first.id, 4, 500)});
  w.set_status(first.id, batch_status::completed);
  BOOST_TEST(selected(w, first, "403") == (list{0, 1, 2}));
  BOOST_TEST(selected(w, first, "500") == (list{4}));
  BOOST_TEST(selected(w, first) == (list{0, 1, 2, 4}));
  w.restart(); // what the ancestors say is on disk
  BOOST_TEST(selected(w, first) == (list{0, 1, 2, 4}));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_retry_that_took_nothing_hides_no_line, impl, implementations) {
  world<impl> w;
  const auto parent = two_codes(w);
  const auto empty = retry_of(w, parent, "502");
  BOOST_TEST(empty.progress.total == 0U);
  w.set_status(empty.id, batch_status::completed);
  w.check(empty.id);
  BOOST_TEST(selected(w, empty, "403") == (list{0, 1, 2}));
  BOOST_TEST(selected(w, empty) == (list{0, 1, 2, 3, 4}));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(the_newest_result_of_a_line_decides_its_code, impl, implementations) {
  world<impl> w;
  const auto parent = two_codes(w);
  const auto first = retry_of(w, parent, "403");
  w.commit(
    {error_result(first.id, 0, 500), error_result(first.id, 1, 403), ok_result(first.id, 2)});
  w.set_status(first.id, batch_status::completed);
  const auto second = retry_of(w, first, "500"); // 0 of the retry, 3 and 4 of its parent
  BOOST_TEST(pending(w, second.id) == (list{0, 3, 4}));
  w.commit({ok_result(second.id, 0), error_result(second.id, 3, 429), ok_result(second.id, 4)});
  w.set_status(second.id, batch_status::completed);
  BOOST_TEST(selected(w, second, "500").empty());
  BOOST_TEST(selected(w, second, "403") == (list{1}));
  BOOST_TEST(selected(w, second, "429") == (list{3}));
  BOOST_TEST(selected(w, second) == (list{1, 3}));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(lines_that_never_ran_in_a_retry_have_the_code_of_its_end, impl,
                              implementations) {
  world<impl> w;
  const auto parent = two_codes(w);
  const auto first = retry_of(w, parent, "403");
  w.commit({ok_result(first.id, 0)});
  w.set_status(first.id, batch_status::cancelled); // 1 and 2 never ran
  BOOST_TEST(selected(w, first, "403").empty());
  BOOST_TEST(selected(w, first, "batch_cancelled") == (list{1, 2}));
  BOOST_TEST(selected(w, first, "batch_expired").empty());
  BOOST_TEST(selected(w, first, "500") == (list{3, 4}));
  const auto second = retry_of(w, first, "batch_cancelled");
  w.commit({ok_result(second.id, 1)});
  w.set_status(second.id, batch_status::expired);
  BOOST_TEST(selected(w, second, "batch_cancelled").empty());
  BOOST_TEST(selected(w, second, "batch_expired") == (list{2}));
  BOOST_TEST(selected(w, second) == (list{2, 3, 4}));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_retry_that_was_cancelled_before_it_began_tells_nothing, impl,
                              implementations) {
  world<impl> w;
  const auto parent = two_codes(w);
  const auto first = w.create(parent.definition.file, parent.id, "403");
  select_all(w, first.id);
  w.set_status(first.id, batch_status::cancelled);
  BOOST_TEST(selected(w, first, "403") == (list{0, 1, 2}));
  BOOST_TEST(selected(w, first, "batch_cancelled").empty());
}

BOOST_AUTO_TEST_CASE_TEMPLATE(what_validation_refused_is_in_no_retry, impl, implementations) {
  world<impl> w;
  const auto parent = w.running(3);
  w.commit({error_result(parent.id, 0, result_code::line_invalid), error_result(parent.id, 1, 500),
            ok_result(parent.id, 2)});
  w.set_status(parent.id, batch_status::completed);
  const auto first = retry_of(w, parent);
  BOOST_TEST(pending(w, first.id) == (list{1}));
  w.commit({error_result(first.id, 1, 500)});
  w.set_status(first.id, batch_status::completed);
  BOOST_TEST(selected(w, first) == (list{1}));
  BOOST_TEST(selected(w, first, "line_invalid").empty());
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_chain_is_gone_through_segment_by_segment_also_after_a_restart, impl,
                              implementations) {
  world<impl> w;
  constexpr uint64_t count = 2 * segment_lines + 3;
  const auto parent = w.running(count);
  std::vector<line_result> results;
  for (line_no n = 0; n < count; ++n) {
    if (n == 5 || n == segment_lines + 1)
      results.push_back(error_result(parent.id, n, 403));
    else if (n == 6 || n == count - 1)
      results.push_back(error_result(parent.id, n, 500));
    else
      results.push_back(ok_result(parent.id, n, "x\n"));
  }
  w.commit(results);
  w.set_status(parent.id, batch_status::completed);
  const auto first = retry_of(w, parent, "403");
  w.commit({ok_result(first.id, 5), error_result(first.id, segment_lines + 1, 500)});
  w.set_status(first.id, batch_status::completed);

  const auto second = w.create(parent.definition.file, first.id, "500");
  BOOST_TEST(must(w.db->select_failed(second.id, 0)).value() == 1U);
  w.restart();
  BOOST_TEST(must(w.db->select_failed(second.id, 1)).value() == 2U);
  BOOST_TEST(must(w.db->select_failed(second.id, 1)).value() == 2U); // given again
  BOOST_TEST(!must(w.db->select_failed(second.id, 2)).has_value());
  must(w.db->end_validation({second.id, 0, {}, false, false, at(9)}));
  BOOST_TEST(w.progress(second.id).total == 3U);
  BOOST_TEST(pending(w, second.id) == (list{6, segment_lines + 1, count - 1}));
  w.check(second.id);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(failures_are_counted_by_their_newest_code, impl, implementations) {
  world<impl> w;
  const auto parent = w.running(6);
  w.commit({error_result(parent.id, 0, 403), error_result(parent.id, 1, 500),
            error_result(parent.id, 2, 500), ok_result(parent.id, 3),
            error_result(parent.id, 4, result_code::line_invalid)});
  w.set_status(parent.id, batch_status::cancelled); // 5 never ran
  BOOST_TEST((must(w.db->failures_in_segment(parent.id, 0)) ==
              failure_counts{{"403", 1}, {"500", 2}, {"line_invalid", 1}, {"batch_cancelled", 1}}));
  const auto first = retry_of(w, parent, "500");
  w.commit({ok_result(first.id, 1), error_result(first.id, 2, result_code::retries_used_up)});
  w.set_status(first.id, batch_status::completed);
  BOOST_TEST((must(w.db->failures_in_segment(first.id, 0)) ==
              failure_counts{
                {"403", 1}, {"retries_used_up", 1}, {"line_invalid", 1}, {"batch_cancelled", 1}}));
  BOOST_TEST(must(w.db->failures_in_segment(first.id, 1)).empty());
  BOOST_TEST((kind(w.db->failures_in_segment(999, 0)) == errc::not_found));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(only_batches_that_ended_with_results_are_retried, impl,
                              implementations) {
  world<impl> w;
  const auto parent = w.running(5);
  batch_definition d;
  d.file = parent.definition.file;
  d.retry_of = parent.id;
  BOOST_TEST((kind(w.db->create_batch(d, {})) == errc::conflict));
  w.set_status(parent.id, batch_status::completed);
  const auto other = w.upload(lines(5));
  d.file = other.id;
  BOOST_TEST((kind(w.db->create_batch(d, {})) == errc::invalid_input));
  d.retry_of = 999;
  BOOST_TEST((kind(w.db->create_batch(d, {})) == errc::not_found));
  BOOST_TEST((kind(w.db->select_failed(w.running(1).id, 0)) == errc::conflict));
}

BOOST_AUTO_TEST_SUITE_END()
