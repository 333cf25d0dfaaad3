#include "actors/work/job_rules.hpp"
#include "actors/work/validator.hpp"
#include "protocol/jobs/slicer.hpp"
#include "storage/rule_set.hpp"

#include <algorithm>

namespace perennial::actors {

namespace {

/// Goes through some rows of `custom_ids`. Equal hashes are equal custom_ids: they are 128 bits of
/// a SHA-256, of which nobody can make two alike, and who could would only spoil his own file.
result<void> scan_some(const storage::store& db, validation_job& job,
                       const duplicate_limits& limits) {
  auto& s = job.duplicates;
  const auto& d = job.batch.definition;
  if (s.later.empty()) s.later.resize(std::min(limits.window, d.lines - s.window));
  uint64_t seen = 0;
  auto last = s.last;
  std::optional<storage::validation_step::id_row> next;
  const auto note = [&](const hash128& hash, storage::line_no line) {
    if (seen++ == limits.rows) {
      next = {hash, line};
      return false;
    }
    const bool inside = line >= s.window && line - s.window < s.later.size();
    if (last == hash && inside && !s.later[line - s.window]) {
      s.later[line - s.window] = true;
      ++s.left;
    }
    last = hash;
    return true;
  };
  auto scanned = db.scan_custom_ids(d.file, storage::rule_set_of(d), s.row, note);
  if (!scanned) return scanned; // the same rows again
  s.last = last;
  s.scanned = !next;
  if (next) s.row = *next;
  return {};
}

/// Reports a line of the window, if its custom_id stands in an earlier one.
void look(validation_job& job, jobs::slicer& slicer, const jobs::line& l) {
  auto& s = job.duplicates;
  if (l.ordinal < s.window || l.ordinal - s.window >= s.later.size() ||
      !s.later[l.ordinal - s.window]) {
    return;
  }
  --s.left;
  if (auto sliced = slicer.slice(l.bytes, l.ordinal)) {
    add_problem(job, l.ordinal, jobs::duplicate_custom_id(l.number, l.offset, sliced->custom_id));
  }
}

/// Reads on in the file, as far as there is something to report. Only a file with duplicates costs
/// this.
result<void> read_some(const storage::store& db, validation_job& job,
                       const duplicate_limits& limits) {
  auto& s = job.duplicates;
  const auto& d = job.batch.definition;
  jobs::slicer slicer{rules_of(d)};
  if (!s.splitter) {
    s.splitter = std::make_unique<jobs::line_splitter>(jobs::line_position{}, d.max_line_bytes);
  }
  const auto until = s.fed + limits.bytes;
  jobs::line l;
  while (s.left > 0 && !has_enough_bad_lines(job)) {
    if (s.splitter->next(l)) {
      look(job, slicer, l);
      continue;
    }
    if (s.fed >= until) break;
    auto page = db.read_page(d.file, s.fed);
    if (!page && page.error().kind != errc::not_found) return tl::unexpected{page.error()};
    if (!page) {
      if (s.splitter->finish(l)) look(job, slicer, l);
      s.left = 0;
      break;
    }
    s.page = std::move(*page); // lives while the splitter looks into it
    s.splitter->feed(s.page.bytes());
    s.fed = s.page.end();
  }
  return {};
}

} // namespace

result<bool> find_duplicates(const storage::store& db, validation_job& job,
                             const duplicate_limits& limits) {
  auto& s = job.duplicates;
  const auto lines = job.batch.definition.lines;
  if (s.window >= lines) return true;
  auto ok = s.scanned ? read_some(db, job, limits) : scan_some(db, job, limits);
  if (!ok) return tl::unexpected{ok.error()};
  if (s.scanned && s.left == 0) { // the next window
    s.window += s.later.size();
    s.row = {};
    s.last.reset();
    s.scanned = false;
    s.later.clear();
  }
  return s.window >= lines;
}

} // namespace perennial::actors
