#include "actors/work/validator.hpp"

#include "actors/results/failed_line.hpp"
#include "actors/work/job_rules.hpp"

namespace perennial::actors {

namespace {

/// A step ends at so many good lines, even if they are tiny: bounds what it writes at once.
constexpr size_t step_ids = 16'384;

bool skips_bad_lines(const validation_job& job) {
  return job.batch.definition.on_invalid == storage::invalid_policy::skip;
}

void check_line(validation_job& job, const jobs::line& l) {
  auto good = job.rules->validate(l);
  if (good) {
    job.ids.push_back({hash_128(*good), l.ordinal});
  } else {
    add_problem(job, l.ordinal, std::move(good.error()));
  }
}

} // namespace

void add_problem(validation_job& job, storage::line_no line, jobs::line_problem problem) {
  if (skips_bad_lines(job)) {
    if (!job.bad_lines) job.bad_lines = std::make_shared<storage::commit_group>();
    job.bad_lines->results.push_back(invalid_line(job.batch.id, line, problem));
  }
  job.problems.add(std::move(problem));
}

bool has_enough_bad_lines(const validation_job& job) {
  return job.bad_lines && job.bad_lines->results.size() >= step_bad_lines;
}

result<bool> validate_some(const storage::store& db, validation_job& job, uint64_t bytes) {
  const auto& d = job.batch.definition;
  if (!job.rules) job.rules = std::make_unique<jobs::validator>(rules_of(d));
  if (!job.splitter) {
    const jobs::line_position from{job.cursor.offset, job.cursor.ordinal, job.cursor.number, false};
    job.splitter = std::make_unique<jobs::line_splitter>(from, d.max_line_bytes);
    job.fed = job.cursor.offset;
  }
  const auto until = job.fed + bytes;
  const auto enough = [&] { return job.ids.size() >= step_ids || has_enough_bad_lines(job); };
  jobs::line l;
  bool at_end = false;
  while (!enough()) {
    if (job.splitter->next(l)) {
      check_line(job, l);
      continue;
    }
    if (job.fed >= until) break;
    auto page = db.read_page(d.file, job.fed);
    if (!page && page.error().kind != errc::not_found) return tl::unexpected{page.error()};
    if (!page) {
      if (job.splitter->finish(l)) check_line(job, l);
      at_end = true;
      break;
    }
    job.page = std::move(*page); // lives while the splitter looks into it
    job.splitter->feed(job.page.bytes().substr(job.fed - job.page.offset));
    job.fed = job.page.end();
  }
  // Only what precedes the first bad line is remembered: a restart finds that line again.
  if (job.problems.empty() || skips_bad_lines(job)) {
    const auto at = job.splitter->position();
    job.cursor.offset = at.offset;
    job.cursor.ordinal = at.ordinal;
    job.cursor.number = at.number;
  }
  return at_end;
}

storage::validation_cursor resume_point(const validation_job& job) {
  auto out = job.cursor;
  if (!job.problems.empty() && !skips_bad_lines(job)) {
    out.phase = storage::validation_phase::reading;
  }
  return out;
}

} // namespace perennial::actors
