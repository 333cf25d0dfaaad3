// The work; comparing is in compare.cpp.
#include "tests/crash/power_loss/workload.hpp"

#include <algorithm>

namespace perennial::test {

using namespace storage;

namespace {

constexpr wall_time some_time = wall_time{std::chrono::milliseconds{1000}};

uint64_t count_lines(const std::string& text) {
  return static_cast<uint64_t>(std::count(text.begin(), text.end(), '\n'));
}

} // namespace

std::optional<error> workload::run(store& db, int steps) {
  now_ = {};
  std::optional<error> failed;
  for (int i = 0; i < steps && !failed; ++i) {
    const auto done = step(db);
    if (done)
      now_ = {};
    else
      failed = done.error();
    if (done) ++acknowledged_;
  }
  uploads_.clear();
  return failed;
}

result<void> workload::step(store& db) {
  switch (random_.below(18)) {
  case 0:
  case 1:
  case 2:
  case 3: return upload_some(db);
  case 4: return create(db);
  case 5:
  case 6: return validate(db, random_batch(false));
  case 7: return change_state(db, random_batch(true));
  case 8: return random_.below(4) == 0 ? delete_file(db) : result<void>{};
  case 9: return random_.below(3) == 0 ? lay_out(db, random_batch(true)) : result<void>{};
  case 10: return retry(db);
  default: return commit(db);
  }
}

std::string workload::random_text() {
  std::string out;
  const auto lines = 1 + random_.below(random_.below(4) == 0 ? 3000 : 40);
  for (uint32_t i = 0; i < lines; ++i) {
    out += std::to_string(random_.bits());
    out.append(random_.below(700), 'x');
    out += '\n';
  }
  return out;
}

result<void> workload::upload_some(store& db) {
  if (uploads_.size() < 2 && random_.coin()) {
    auto up = db.begin_upload({"jobs", file_purpose::batch, some_time, {}});
    if (!up) return tl::unexpected{up.error()};
    highest_id_ = std::max(highest_id_, (*up)->id());
    begun_.insert((*up)->id());
    uploads_.push_back({std::move(*up), {}});
    return {};
  }
  if (uploads_.empty()) return {};
  auto& u = uploads_[random_.below(uploads_.size())];
  if (random_.below(3) != 0) {
    const auto text = random_text();
    auto ok = u.up->append(text);
    if (ok) u.text += text;
    return ok;
  }
  const auto id = u.up->id();
  auto mine = std::move(u);
  uploads_.erase(uploads_.begin() + (&u - uploads_.data()));
  if (random_.below(5) == 0) return {}; // given up
  now_.finished = id;
  now_.finished_text = mine.text;
  auto file = mine.up->finish();
  if (!file) return tl::unexpected{file.error()};
  begun_.erase(id);
  files_[id] = {mine.text, count_lines(mine.text)};
  return {};
}

result<void> workload::create(store& db) {
  if (files_.empty()) return {};
  const auto file = std::next(files_.begin(), random_.below(files_.size()));
  if (file->second.deleted || file->second.lines == 0) return {};
  batch_definition d;
  d.file = file->first;
  d.created = some_time;
  d.endpoint = std::to_string(requests_++);
  now_.created = d;
  auto made = db.create_batch(d, {d.endpoint, sha256(d.endpoint)});
  if (!made) return tl::unexpected{made.error()};
  highest_id_ = std::max(highest_id_, made->batch.id);
  batches_[made->batch.id] = {file->first, {}, file->second.lines, {}, {}};
  return {};
}

batch_id workload::random_batch(bool in_progress) {
  std::vector<batch_id> fit;
  for (const auto& [id, b] : batches_) {
    const auto wanted = in_progress ? batch_status::in_progress : batch_status::validating;
    if (b.state.status == wanted && b.retry_of == 0) fit.push_back(id);
  }
  return fit.empty() ? 0 : fit[random_.below(fit.size())];
}

result<void> workload::validate(store& db, batch_id id) {
  if (id == 0) return {};
  auto& b = batches_[id];
  if (random_.below(3) != 0 && b.validated < b.lines) {
    validation_step step;
    step.batch = id;
    const auto until = std::min<uint64_t>(b.lines, b.validated + 1 + random_.below(500));
    for (auto n = b.validated; n < until; ++n) {
      step.custom_ids.push_back({hash_128(std::to_string(n)), n});
    }
    step.next.ordinal = until;
    now_.validated = std::pair{id, until};
    auto ok = db.record_validation(step);
    if (ok) b.validated = until;
    return ok;
  }
  validation_end end{id, 0, {}, random_.below(10) == 0, random_.coin(), some_time};
  auto after = b.state;
  after.status = end.failed ? batch_status::failed : batch_status::in_progress;
  (end.failed ? after.failed_at : after.in_progress_at) = some_time;
  now_.state = std::pair{id, after};
  const auto ended = db.end_validation(end);
  if (!ended) return tl::unexpected{ended.error()};
  b.state = ended->state;
  return {};
}

namespace {

/// The result's text in a file of its own, written in two pieces.
result<std::shared_ptr<blob>> as_blob(store& db, const line_result& r) {
  auto made = db.begin_blob(r.batch, r.line);
  if (!made) return tl::unexpected{made.error()};
  std::shared_ptr<blob> out = std::move(*made);
  const std::string_view text = r.text;
  auto ok = out->append(text.substr(0, text.size() / 2));
  if (ok) ok = out->append(text.substr(text.size() / 2));
  if (ok) ok = out->finish();
  if (!ok) return tl::unexpected{ok.error()};
  return out;
}

} // namespace

result<void> workload::commit(store& db) {
  commit_group group;
  const auto size = 1 + random_.below(30);
  const bool big = random_.below(6) == 0;
  for (uint32_t i = 0; i < size; ++i) {
    const auto id = random_batch(true);
    if (id == 0) return {};
    const auto line = random_.below(batches_[id].lines);
    if (random_.below(8) == 0) {
      group.waits.push_back({id, line, {1 + random_.below(4), some_time, false, "503"}});
      continue;
    }
    line_result r;
    r.batch = id;
    r.line = line;
    r.kind = random_.below(5) == 0 ? output_kind::error : output_kind::ok;
    r.text = std::to_string(random_.bits());
    r.text.append(random_.below(big ? 80'000 : 2000), 'r');
    r.text += '\n';
    group.results.push_back(std::move(r));
  }
  now_.group = group;
  auto given = group;
  for (auto& r : given.results) {
    if (random_.below(8) != 0) continue;
    auto long_text = as_blob(db, r);
    if (!long_text) return tl::unexpected{long_text.error()};
    r.long_text = std::move(*long_text);
    r.text.clear();
  }
  const auto done = db.commit(given);
  if (!done) return tl::unexpected{done.error()};
  apply(group);
  return {};
}

void workload::apply(const commit_group& group) {
  for (const auto& r : group.results) {
    auto& b = batches_[r.batch];
    if (!b.results.emplace(r.line, r.text).second) ++b.dropped;
  }
  for (const auto& w : group.waits) batches_[w.batch].waits[w.line] = w.entry;
}

result<void> workload::change_state(store& db, batch_id id) {
  if (id == 0) return {};
  auto state = batches_[id].state;
  if (random_.below(3) == 0) {
    state.status = batch_status::cancelled;
    state.cancelled_at = some_time;
  } else {
    state.paused = !state.paused;
    state.pause_reason = std::to_string(random_.bits());
  }
  now_.state = std::pair{id, state};
  const auto done = db.set_state(id, state);
  if (!done) return tl::unexpected{done.error()};
  batches_[id].state = state;
  return {};
}

/// The end of a batch of which lines never ran: two writes, each acknowledged.
result<void> workload::lay_out(store& db, batch_id id) {
  if (id == 0) return {};
  auto& b = batches_[id];
  auto state = b.state;
  state.status = batch_status::finalizing;
  state.finalizing_at = some_time;
  now_.state = std::pair{id, state};
  if (const auto done = db.set_state(id, state); !done) return tl::unexpected{done.error()};
  b.state = state;
  now_ = {};
  ++acknowledged_;
  const auto now = db.get_batch(id);
  if (!now) return tl::unexpected{now.error()};
  const auto bytes = 1 + random_.below(1000);
  const auto unrun = static_cast<uint32_t>(b.lines - b.results.size());
  const std::vector<store::unrun_segment> segments{{0, 1, now->progress.error_bytes, bytes, unrun}};
  now_.laid_out = std::pair{id, segments};
  if (const auto done = db.set_unrun(id, segments, bytes); !done) {
    return tl::unexpected{done.error()};
  }
  b.unrun = segments;
  return {};
}

/// A retry of a batch that was cancelled, and the choice of its lines.
result<void> workload::retry(store& db) {
  for (const auto& [id, parent] : batches_) {
    const bool fits = parent.state.status == batch_status::cancelled && !parent.results.empty() &&
                      parent.retry_of == 0 && !files_[parent.file].deleted;
    if (!fits || random_.below(3) != 0) continue;
    batch_definition d;
    d.file = parent.file;
    d.created = some_time;
    d.endpoint = std::to_string(requests_++);
    d.retry_of = id;
    now_.created = d;
    const auto made = db.create_batch(d, {d.endpoint, sha256(d.endpoint)});
    if (!made) return tl::unexpected{made.error()};
    const auto mine = made->batch.id;
    highest_id_ = std::max(highest_id_, mine);
    auto& known = batches_[mine];
    known.file = parent.file;
    known.lines = parent.lines;
    known.retry_of = id;
    now_ = {};
    ++acknowledged_;
    now_.selected = mine;
    std::optional<uint32_t> segment = 0;
    while (segment) {
      auto next = db.select_failed(mine, *segment);
      if (!next) return tl::unexpected{next.error()};
      segment = *next;
    }
    known.selected = true;
    return {};
  }
  return {};
}

result<void> workload::delete_file(store& db) {
  if (files_.empty()) return {};
  auto file = std::next(files_.begin(), random_.below(files_.size()));
  if (file->second.deleted) return {};
  now_.deleted = file->first;
  const auto done = db.delete_file(file->first);
  if (!done) return tl::unexpected{done.error()};
  file->second.deleted = true;
  return {};
}

} // namespace perennial::test
