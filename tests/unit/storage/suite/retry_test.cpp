#include "tests/unit/storage/suite/world.hpp"

using namespace perennial;
using namespace perennial::storage;

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

} // namespace

BOOST_AUTO_TEST_SUITE(store_retry)

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
  const auto selected = [&](const std::string& only) {
    const auto retry = w.create(parent.definition.file, parent.id, only);
    select_all(w, retry.id);
    return pending(w, retry.id);
  };
  BOOST_TEST(selected("500") == (list{0, 2}));
  BOOST_TEST(selected("404") == (list{1}));
  BOOST_TEST(selected("worker_crashed") == (list{4}));
  BOOST_TEST(selected("batch_expired") == (list{5}));
  BOOST_TEST(selected("batch_cancelled").empty());
  BOOST_TEST(selected("nonsense").empty());
  BOOST_TEST(selected("") == (list{0, 1, 2, 4, 5}));
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

BOOST_AUTO_TEST_CASE_TEMPLATE(a_retry_of_a_retry_takes_from_its_selection_only, impl,
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
