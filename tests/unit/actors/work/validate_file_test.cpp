// The passes of validation over a stored file.
#include "actors/work/validator.hpp"
#include "storage/rule_set.hpp"
#include "tests/unit/actors/job_file.hpp"

#include <set>

using namespace perennial;
using namespace perennial::actors;
using namespace perennial::storage;

BOOST_AUTO_TEST_SUITE(validating_files)

namespace {

validation_job job_of(job_world& w, batch_id id) {
  validation_job job;
  const auto r = must(w.db->resume_batch(id));
  job.batch = r.batch;
  if (r.validation) job.cursor = *r.validation;
  return job;
}

/// One step of `bytes`, noted as the actor does. True at the end of the file.
bool step(job_world& w, validation_job& job, uint64_t bytes) {
  const bool at_end = must(validate_some(*w.db, job, bytes));
  if (at_end) job.cursor.phase = validation_phase::duplicates;
  must(w.db->record_validation({job.batch.id, job.ids, resume_point(job)}));
  job.ids.clear();
  return at_end;
}

std::vector<std::string> codes(const validation_job& job) {
  std::vector<std::string> out;
  for (const auto& p : job.problems.kept()) out.push_back(fmt::format("{} {}", p.number, p.code));
  return out;
}

/// In steps as small as they can be. Returns the most bad lines that were held at once.
size_t find_all_duplicates(job_world& w, validation_job& job,
                           const duplicate_limits& limits = {1, 2, 3}) {
  size_t most = 0;
  bool done = false;
  while (!done) {
    done = must(find_duplicates(*w.db, job, limits));
    if (!job.bad_lines) continue;
    most = std::max(most, job.bad_lines->results.size());
    must(w.db->commit(*std::exchange(job.bad_lines, nullptr)));
  }
  return most;
}

using list = std::vector<std::string>;

} // namespace

BOOST_AUTO_TEST_CASE(a_repeated_custom_id_is_found_in_its_later_line) {
  job_world w;
  const auto batch = w.make(w.definition(w.upload(job("a") + job("b") + job("a")).id));
  auto job = job_of(w, batch.id);
  while (!step(w, job, 1)) {
  }
  BOOST_TEST(job.problems.empty());
  find_all_duplicates(w, job);
  BOOST_TEST(codes(job) == (list{"3 duplicate_custom_id"}));
}

BOOST_AUTO_TEST_CASE(repeated_custom_ids_are_told_in_order_of_the_file_whatever_the_steps) {
  job_world w;
  std::string text;
  list later;
  for (int i = 0; i < 40; ++i) { // 13 ids; "c0" is there more often than a step has rows
    text += job(fmt::format("c{}", i % 3 == 0 ? 0 : i % 13)) + "\n";
    std::set<int> seen;
    for (int k = 0; k < i; ++k) seen.insert(k % 3 == 0 ? 0 : k % 13);
    if (seen.contains(i % 3 == 0 ? 0 : i % 13)) {
      later.push_back(fmt::format("{} duplicate_custom_id", 2 * i + 1));
    }
  }
  const auto file = w.upload(text);
  for (const uint64_t window : {1U, 3U, 7U, 40U, 100U}) {
    for (const uint64_t rows : {1U, 2U, 5U, 100U}) {
      const auto batch = w.make(w.definition(file.id));
      auto job = job_of(w, batch.id);
      while (!step(w, job, 1)) {
      }
      find_all_duplicates(w, job, {1, rows, window});
      BOOST_TEST(codes(job) == later);
      BOOST_TEST(job.problems.total() == later.size());
    }
  }
}

BOOST_AUTO_TEST_CASE(skipped_duplicates_are_held_a_few_thousand_at_a_time) {
  job_world w;
  std::string text;
  for (int i = 0; i < 20'000; ++i) text += job(fmt::format("c{}", i / 2));
  auto d = w.definition(w.upload(text).id);
  d.on_invalid = invalid_policy::skip;
  const auto batch = w.make(d);
  auto job = job_of(w, batch.id);
  while (!step(w, job, 1 << 20)) {
  }
  BOOST_TEST(find_all_duplicates(w, job, {}) <= step_bad_lines);
  BOOST_TEST(job.problems.total() == 10'000U);
  BOOST_TEST(job.problems.kept().size() == 1000U);
  BOOST_TEST(w.get(batch.id).progress.failed == 10'000U);
}

BOOST_AUTO_TEST_CASE(bad_lines_are_found_again_after_a_death_at_any_step) {
  job_world w;
  const auto text = job("a") + "not json\n" + job("b");
  const auto file = w.upload(text);
  const auto batch = w.make(w.definition(file.id));
  auto job = job_of(w, batch.id);
  while (!step(w, job, 1)) {
  }
  BOOST_TEST(job.problems.total() == 1U);
  const auto found = codes(job);
  w.restart(); // the process dies before the end is noted
  auto again = job_of(w, batch.id);
  BOOST_TEST((again.cursor.phase == validation_phase::reading));
  while (!step(w, again, 1)) {
  }
  BOOST_TEST(codes(again) == found);
}

BOOST_AUTO_TEST_CASE(good_files_are_not_read_a_second_time) {
  job_world w;
  const auto batch = w.make(w.definition(w.upload(jobs_text(3)).id));
  auto job = job_of(w, batch.id);
  while (!step(w, job, 1)) {
  }
  w.restart();
  BOOST_TEST((job_of(w, batch.id).cursor.phase == validation_phase::duplicates));
}

BOOST_AUTO_TEST_CASE(validations_under_other_rules_do_not_see_each_others_lines) {
  job_world w;
  // Under the short limit the long line is bad, so that its custom_id is there once only.
  const auto file = w.upload(job("a") + job("a", std::string(5000, 'x')) + job("b"));
  auto d = w.definition(file.id);
  const auto wide = w.make(d);
  d.max_line_bytes = 1000;
  const auto narrow = w.make(d);
  auto a = job_of(w, wide.id);
  auto b = job_of(w, narrow.id);
  bool a_done = false;
  bool b_done = false;
  while (!a_done || !b_done) { // at the same time
    if (!a_done) a_done = step(w, a, 1);
    if (!b_done) b_done = step(w, b, 1);
  }
  find_all_duplicates(w, a);
  find_all_duplicates(w, b);
  BOOST_TEST(codes(a) == (list{"2 duplicate_custom_id"}));
  BOOST_TEST(codes(b).size() == 1U);
  BOOST_TEST(codes(b) != codes(a));

  // And afterwards: one more under the short limit finds the same.
  const auto later = w.make(d);
  auto c = job_of(w, later.id);
  while (!step(w, c, 1)) {
  }
  find_all_duplicates(w, c);
  BOOST_TEST(codes(c) == codes(b));
}

BOOST_AUTO_TEST_SUITE_END()
