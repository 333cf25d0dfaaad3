// What the store has after a cut, against what it had acknowledged.
#include "storage/rule_set.hpp"
#include "tests/crash/power_loss/workload.hpp"

#include <algorithm>

namespace perennial::test {

using namespace storage;

std::vector<std::string> workload::compare(store& db) {
  findings_.clear();
  compare_files(db);
  compare_batches(db);
  compare_unfinished(db);
  // Whatever comes next has an id that nothing acknowledged has.
  const auto next = db.begin_upload({"next", file_purpose::other, {}, {}});
  if (!next)
    finding("an upload cannot begin: {}", next.error().message);
  else if ((*next)->id() <= highest_id_)
    finding("the id {} is given a second time", (*next)->id());
  now_ = {};
  return std::move(findings_);
}

std::vector<std::string> workload::compare_and_give_again(store& db) {
  const auto group = now_.group;
  auto findings = compare(db);
  if (group.results.empty() && group.waits.empty()) return findings;
  const auto done = db.commit(group);
  if (!done) findings.push_back("a group cannot be given again: " + done.error().message);
  if (done && !group_was_there_) apply(group);
  return findings;
}

void workload::compare_files(store& db) {
  const auto listed = db.list_files(0, 1'000'000, false);
  if (!listed) return finding("files cannot be listed: {}", listed.error().message);
  std::map<file_id, file_record> found;
  for (const auto& f : *listed) found[f.id] = f;
  if (now_.finished && found.contains(*now_.finished)) {
    files_[*now_.finished] = {now_.finished_text, found[*now_.finished].lines};
    begun_.erase(*now_.finished);
  }
  if (now_.deleted && !found.contains(*now_.deleted)) files_[*now_.deleted].deleted = true;
  for (const auto& [id, file] : files_) {
    if (file.deleted) continue;
    if (!found.contains(id)) {
      finding("file {} is lost", id);
      continue;
    }
    const auto& record = found[id];
    std::string text;
    while (text.size() < record.bytes) {
      const auto page = db.read_page(id, text.size());
      if (!page) {
        finding("file {} cannot be read: {}", id, page.error().message);
        break;
      }
      text += page->bytes();
    }
    if (text != file.text || record.sha256 != sha256(file.text)) finding("file {} differs", id);
    if (record.lines != file.lines) finding("file {} has other lines", id);
  }
  for (const auto& [id, record] : found) {
    if (!files_.contains(id) || files_[id].deleted) finding("file {} should not be there", id);
  }
  for (const auto id : begun_) {
    if (db.read_page(id, 0)) finding("the unfinished upload {} left pages", id);
  }
}

void workload::compare_batches(store& db) {
  const auto listed = db.list_batches(0, 1'000'000);
  if (!listed) return finding("batches cannot be listed: {}", listed.error().message);
  group_was_there_ = group_is_there(*listed);
  if (group_was_there_) apply(now_.group);
  std::set<batch_id> found;
  for (const auto& b : *listed) {
    found.insert(b.id);
    if (!batches_.contains(b.id)) {
      if (!now_.created || now_.created->endpoint != b.definition.endpoint) {
        finding("batch {} should not be there", b.id);
        continue;
      }
      auto& known = batches_[b.id];
      known.file = b.definition.file;
      known.lines = b.definition.lines;
      known.retry_of = b.definition.retry_of;
      highest_id_ = std::max(highest_id_, b.id);
    }
    compare_batch(db, b);
  }
  for (const auto& [id, b] : batches_) {
    if (!found.contains(id)) finding("batch {} is lost", id);
  }
}

void workload::compare_batch(store& db, const batch_record& found) {
  auto& known = batches_[found.id];
  if (now_.state && now_.state->first == found.id && now_.state->second == found.state) {
    known.state = found.state;
  }
  if (found.state != known.state) finding("batch {} has another state", found.id);
  if (found.definition.lines != known.lines) finding("batch {} has other lines", found.id);
  compare_results(db, found);
  compare_unrun(db, found);
  if (known.retry_of != 0) compare_selection(db, found);
  const auto findings = db.check(found.id);
  if (!findings)
    return finding("batch {} cannot be checked: {}", found.id, findings.error().message);
  for (const auto& f : *findings) finding("batch {}: {}", found.id, f);
}

void workload::compare_unrun(store& db, const batch_record& found) {
  auto& known = batches_[found.id];
  const auto unrun = db.get_unrun(found.id);
  if (!unrun) return finding("batch {}: {}", found.id, unrun.error().message);
  if (now_.laid_out == std::pair{found.id, *unrun}) known.unrun = *unrun;
  uint64_t bytes = 0;
  for (const auto& s : known.unrun) bytes += s.bytes;
  if (*unrun != known.unrun || found.progress.unrun_bytes != bytes) {
    finding("batch {} has other lines that never ran", found.id);
  }
}

void workload::compare_selection(store& db, const batch_record& found) {
  auto& known = batches_[found.id];
  const auto parent = db.get_batch(known.retry_of);
  if (!parent) return finding("the parent of batch {} is lost", found.id);
  const auto whole = parent->progress.total - parent->progress.completed;
  if (now_.selected == found.id && found.progress.total == whole) known.selected = true;
  const auto wanted = known.selected ? whole : 0;
  if (found.progress.total != wanted) {
    finding("the retry {} has {} lines, not {}", found.id, found.progress.total, wanted);
  }
}

bool workload::group_is_there(const std::vector<batch_record>& found) {
  // The group is one write: all of it is there or nothing. What it would have counted tells which.
  std::map<batch_id, known_batch> with = batches_;
  for (const auto& r : now_.group.results) {
    auto& b = with[r.batch];
    if (!b.results.emplace(r.line, r.text).second) ++b.dropped;
  }
  bool some = false;
  bool all = true;
  for (const auto& b : found) {
    if (!batches_.contains(b.id)) continue;
    const auto& before = batches_[b.id];
    const auto& after = with[b.id];
    const std::pair there{b.progress.completed + b.progress.failed, b.progress.dropped};
    const std::pair acknowledged{before.results.size(), before.dropped};
    const std::pair asked{after.results.size(), after.dropped};
    if (there != acknowledged && there != asked) {
      finding("batch {} has {} results and dropped {}; {} and {} were acknowledged", b.id,
              there.first, there.second, acknowledged.first, acknowledged.second);
    }
    if (acknowledged == asked) continue; // its counts tell nothing
    some = some || there == asked;
    all = all && there == asked;
  }
  if (some && !all) finding("a group of results is there in part");
  return some;
}

void workload::compare_results(store& db, const batch_record& found) {
  const auto& known = batches_[found.id];
  for (const auto& [line, text] : known.results) {
    const auto entry = db.get_index(found.id, line);
    if (!entry || !*entry) {
      finding("batch {}: the result of line {} is lost", found.id, line);
      continue;
    }
    const auto got = db.read_output(found.id, (*entry)->kind, (*entry)->offset, (*entry)->length);
    if (!got || *got != text) finding("batch {}: the result of line {} differs", found.id, line);
  }
}

void workload::compare_waits(store& db, const batch_resume& found) {
  auto& known = batches_[found.batch.id];
  std::map<line_no, waiting_entry> there;
  for (const auto segment : found.unfinished_segments) {
    auto waiting = db.waiting_in_segment(found.batch.id, segment);
    if (!waiting) return finding("waiting lines cannot be read: {}", waiting.error().message);
    there.insert(waiting->begin(), waiting->end());
  }
  // Of a group that nothing else tells about, the waits may be there or not.
  for (const auto& w : now_.group.waits) {
    const auto entry = there.find(w.line);
    if (w.batch == found.batch.id && entry != there.end() && entry->second == w.entry) {
      known.waits[w.line] = w.entry;
    }
  }
  for (const auto& [line, entry] : known.waits) {
    const auto same = there.find(line);
    if (!known.results.contains(line) && (same == there.end() || same->second != entry)) {
      finding("batch {}: line {} does not wait as it did", found.batch.id, line);
    }
  }
}

void workload::compare_validation(store& db, const batch_resume& found) {
  const auto until = found.validation ? found.validation->ordinal : 0;
  const auto& d = found.batch.definition;
  for (line_no n = 0; n < until; ++n) {
    const auto lines = db.find_custom_id(d.file, rule_set_of(d), hash_128(std::to_string(n)));
    if (!lines || std::find(lines->begin(), lines->end(), n) == lines->end()) {
      finding("batch {} was validated up to line {} and lacks the custom_id of line {}",
              found.batch.id, until, n);
    }
  }
  auto& known = batches_[found.batch.id].validated;
  if (now_.validated == std::pair{found.batch.id, until}) known = until;
  if (known != until) {
    finding("batch {} was validated up to line {}, not {}", found.batch.id, known, until);
  }
}

void workload::compare_unfinished(store& db) {
  const auto resumed = db.unfinished_batches();
  if (!resumed) return finding("unfinished batches cannot be read: {}", resumed.error().message);
  std::set<batch_id> found;
  for (const auto& r : *resumed) {
    found.insert(r.batch.id);
    compare_waits(db, r);
    if (r.batch.state.status != batch_status::validating) continue;
    if (r.batch.definition.retry_of == 0) compare_validation(db, r);
  }
  for (const auto& [id, b] : batches_) {
    if (found.contains(id) == is_final(b.state.status)) finding("batch {} is resumed wrongly", id);
  }
}

} // namespace perennial::test
