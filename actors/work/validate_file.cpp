#include "actors/work/validator.hpp"

#include "actors/results/failed_line.hpp"
#include "actors/work/job_rules.hpp"
#include "protocol/jobs/slicer.hpp"
#include "storage/rule_set.hpp"

#include <algorithm>
#include <optional>
#include <set>

namespace perennial::actors {

namespace {

/// A step ends at so many lines, bad or good, even if they are tiny: bounds what it writes at once.
constexpr size_t step_bad_lines = 4096;
constexpr size_t step_ids = 16'384;

bool skips_bad_lines(const validation_job& job) {
  return job.batch.definition.on_invalid == storage::invalid_policy::skip;
}

/// Keeps the problem, and where bad lines are skipped, makes the line's failed result.
void add_problem(validation_job& job, storage::line_no line, jobs::line_problem problem) {
  if (skips_bad_lines(job)) {
    if (!job.bad_lines) job.bad_lines = std::make_shared<storage::commit_group>();
    job.bad_lines->results.push_back(invalid_line(job.batch.id, line, problem));
  }
  job.problems.add(std::move(problem));
}

void check_line(validation_job& job, const jobs::line& l) {
  auto good = job.rules->validate(l);
  if (good) {
    job.ids.push_back({hash_128(*good), l.ordinal});
  } else {
    add_problem(job, l.ordinal, std::move(good.error()));
  }
}

/// The lines among `ids` of one hash whose custom_id stands in an earlier line of them as well.
/// Goes through the file once, which only a file with duplicates costs.
result<void> report_duplicates(const storage::store& db, validation_job& job,
                               const std::set<storage::line_no>& suspects) {
  const auto& d = job.batch.definition;
  jobs::slicer slicer{rules_of(d)};
  jobs::line_splitter splitter{{}, d.max_line_bytes};
  std::set<std::string> seen;
  uint64_t offset = 0;
  bool more = true;
  const auto look = [&](const jobs::line& l) {
    if (!suspects.contains(l.ordinal)) return;
    auto sliced = slicer.slice(l.bytes, l.ordinal);
    if (!sliced) return;
    if (!seen.insert(sliced->custom_id).second) {
      add_problem(job, l.ordinal, jobs::duplicate_custom_id(l.number, l.offset, sliced->custom_id));
    }
  };
  jobs::line l;
  storage::page p; // lives while the splitter looks into it
  while (more) {
    auto next = db.read_page(d.file, offset);
    if (!next && next.error().kind != errc::not_found) return tl::unexpected{next.error()};
    if (!next) break;
    p = std::move(*next);
    offset = p.end();
    splitter.feed(p.bytes());
    while (splitter.next(l)) look(l);
    more = l.ordinal < *suspects.rbegin();
  }
  if (more && splitter.finish(l)) look(l);
  return {};
}

} // namespace

result<bool> validate_some(const storage::store& db, validation_job& job, uint64_t bytes) {
  const auto& d = job.batch.definition;
  if (!job.rules) job.rules = std::make_unique<jobs::validator>(rules_of(d));
  if (!job.splitter) {
    const jobs::line_position from{job.cursor.offset, job.cursor.ordinal, job.cursor.number, false};
    job.splitter = std::make_unique<jobs::line_splitter>(from, d.max_line_bytes);
    job.fed = job.cursor.offset;
  }
  const auto until = job.fed + bytes;
  const auto enough = [&] {
    return job.ids.size() >= step_ids ||
           (job.bad_lines && job.bad_lines->results.size() >= step_bad_lines);
  };
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

result<void> find_duplicates(const storage::store& db, validation_job& job) {
  std::set<storage::line_no> suspects;
  std::optional<std::pair<hash128, storage::line_no>> last;
  const auto& d = job.batch.definition;
  auto scanned = db.scan_custom_ids(d.file, storage::rule_set_of(d),
                                    [&](const hash128& hash, storage::line_no line) {
                                      if (last && last->first == hash) {
                                        suspects.insert(last->second);
                                        suspects.insert(line);
                                      }
                                      last = {hash, line};
                                      return true;
                                    });
  if (!scanned) return scanned;
  if (suspects.empty()) return {};
  return report_duplicates(db, job, suspects);
}

} // namespace perennial::actors
