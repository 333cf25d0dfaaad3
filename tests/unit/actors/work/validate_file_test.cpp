// The passes of validation over a stored file.
#include "actors/work/validator.hpp"
#include "storage/rule_set.hpp"
#include "tests/unit/actors/job_file.hpp"

using namespace perennial;
using namespace perennial::actors;
using namespace perennial::storage;

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

using list = std::vector<std::string>;

} // namespace

BOOST_AUTO_TEST_SUITE(validating_files)

BOOST_AUTO_TEST_CASE(a_repeated_custom_id_is_found_in_its_later_line) {
  job_world w;
  const auto batch = w.make(w.definition(w.upload(job("a") + job("b") + job("a")).id));
  auto job = job_of(w, batch.id);
  while (!step(w, job, 1)) {
  }
  BOOST_TEST(job.problems.empty());
  must(find_duplicates(*w.db, job));
  BOOST_TEST(codes(job) == (list{"3 duplicate_custom_id"}));
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
  must(find_duplicates(*w.db, a));
  must(find_duplicates(*w.db, b));
  BOOST_TEST(codes(a) == (list{"2 duplicate_custom_id"}));
  BOOST_TEST(codes(b).size() == 1U);
  BOOST_TEST(codes(b) != codes(a));

  // And afterwards: one more under the short limit finds the same.
  const auto later = w.make(d);
  auto c = job_of(w, later.id);
  while (!step(w, c, 1)) {
  }
  must(find_duplicates(*w.db, c));
  BOOST_TEST(codes(c) == codes(b));
}

BOOST_AUTO_TEST_SUITE_END()
