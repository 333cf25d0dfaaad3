// The group commit: many results, waits and counts in one WriteBatch and one sync.
//
// This is the hot path. A line costs one index row, its text is copied once, into the WriteBatch;
// what is per batch (progress, segments, watermark) is written once a group.
#include "storage/batch_life.hpp"
#include "storage/keys.hpp"
#include "storage/record_codec.hpp"
#include "storage/rocks/rocks_store.hpp"

#include "protocol/base/bytes.hpp"
#include "protocol/base/log.hpp"

#include <algorithm>

namespace perennial::storage::rocks {

namespace {

/// Lines of one log are put together into rows of at most this size.
constexpr size_t output_row_bytes = 64 * kib;
/// A WriteBatch that grew beyond this is not kept for the next group.
constexpr size_t kept_rows_bytes = 8 * mib;

/// The end of one log, as it grows in this group.
class log_end {
public:
  log_end(batch_id batch, output_kind kind, uint64_t& bytes)
    : batch_(batch)
    , kind_(kind)
    , bytes_(&bytes) {}

  /// Adds a line; returns its offset. The text stays where it is until the row is written.
  uint64_t append(std::string_view text, rocksdb::ColumnFamilyHandle* output,
                  rocksdb::WriteBatch& rows) {
    if (row_bytes_ + text.size() > output_row_bytes) write_row(output, rows);
    lines_.push_back(slice(text));
    row_bytes_ += text.size();
    return std::exchange(*bytes_, *bytes_ + text.size());
  }

  /// Adds a line that is a blob: a row of its own that refers to it.
  uint64_t append(const blob_name& blob, uint64_t bytes, rocksdb::ColumnFamilyHandle* output,
                  rocksdb::WriteBatch& rows) {
    write_row(output, rows);
    rows.Put(output, slice(keys::output(batch_, kind_, *bytes_)),
             encode_blob_reference({blob.line, blob.number, bytes}));
    return std::exchange(*bytes_, *bytes_ + bytes);
  }

  void write_row(rocksdb::ColumnFamilyHandle* output, rocksdb::WriteBatch& rows) {
    if (row_bytes_ == 0) return;
    const auto key = keys::output(batch_, kind_, *bytes_ - row_bytes_);
    const auto key_slice = slice(key);
    rows.Put(output, rocksdb::SliceParts{&key_slice, 1},
             rocksdb::SliceParts{lines_.data(), static_cast<int>(lines_.size())});
    lines_.clear();
    row_bytes_ = 0;
  }

private:
  batch_id batch_;
  output_kind kind_;
  uint64_t* bytes_; ///< The batch's count of the log's bytes.
  std::vector<rocksdb::Slice> lines_;
  size_t row_bytes_ = 0;
};

/// A batch that the group touches.
struct touched_batch {
  explicit touched_batch(open_batch& b)
    : batch(&b)
    , before(b.record.progress)
    , ok(b.record.id, output_kind::ok, b.record.progress.ok_bytes)
    , error(b.record.id, output_kind::error, b.record.progress.error_bytes) {}

  void touch_segment(uint32_t segment) {
    if (!segments.empty() && segments.back() == segment) return;
    if (std::find(segments.begin(), segments.end(), segment) != segments.end()) return;
    segments.push_back(segment);
  }

  bool is_counted() const { return batch->record.progress != before; }

  open_batch* batch;
  batch_progress before; ///< What the disk says.
  log_end ok;
  log_end error;
  std::vector<uint32_t> segments;
};

/// Blobs come from `begin_blob` of the same store.
rocks_blob* blob_of(const line_result& r) { return static_cast<rocks_blob*>(r.long_text.get()); }

/// One group on its way into a WriteBatch.
class group_writer {
public:
  using find_batch = std::function<result<open_batch*>(batch_id)>;

  group_writer(const database& db, rocksdb::WriteBatch& rows, find_batch find)
    : db_(db)
    , rows_(rows)
    , find_(std::move(find))
    , index_(db.of(table::index))
    , output_(db.of(table::output)) {}

  result<void> add(const line_result& r);
  result<void> add(const line_wait& w);
  result<void> add(const ambiguous_calls& a);
  /// Writes what is per batch.
  result<void> end();

  const std::vector<touched_batch>& touched() const { return touched_; }
  /// Of results that were dropped: nobody will refer to them.
  const std::vector<blob_name>& unwanted_blobs() const { return unwanted_; }

private:
  void drop_blob(const line_result& r) {
    if (const auto* blob = blob_of(r)) unwanted_.push_back(blob->name());
  }
  /// Nothing when there is no such batch.
  result<touched_batch*> touch(batch_id id);

  const database& db_;
  rocksdb::WriteBatch& rows_;
  find_batch find_;
  rocksdb::ColumnFamilyHandle* index_;
  rocksdb::ColumnFamilyHandle* output_;
  std::vector<touched_batch> touched_;
  std::vector<blob_name> unwanted_;
  size_t last_ = 0; ///< Of `touched_`: the next line is mostly of the same batch.
};

result<touched_batch*> group_writer::touch(batch_id id) {
  const auto is_it = [&](const touched_batch& t) { return t.batch->record.id == id; };
  if (last_ < touched_.size() && is_it(touched_[last_])) return &touched_[last_];
  const auto known = std::find_if(touched_.begin(), touched_.end(), is_it);
  if (known != touched_.end()) {
    last_ = static_cast<size_t>(known - touched_.begin());
    return &*known;
  }
  auto batch = find_(id);
  if (!batch && batch.error().kind == errc::not_found) return nullptr;
  if (!batch) return tl::unexpected{batch.error()};
  last_ = touched_.size();
  return &touched_.emplace_back(**batch);
}

result<void> group_writer::add(const line_result& r) {
  auto found = touch(r.batch);
  if (!found) return tl::unexpected{found.error()};
  if (*found == nullptr) {
    drop_blob(r);
    return {};
  }
  auto& t = **found;
  auto& progress = t.batch->record.progress;
  result<bool> fresh = false;
  if (storage::takes_results(t.batch->record.state.status)) fresh = t.batch->mark_done(db_, r.line);
  if (!fresh) return tl::unexpected{fresh.error()};
  if (!*fresh) {
    ++progress.dropped;
    drop_blob(r);
    return {};
  }
  const bool ok = r.kind == output_kind::ok;
  auto& log = ok ? t.ok : t.error;
  const auto* blob = blob_of(r);
  const auto bytes = blob == nullptr ? r.text.size() : blob->bytes();
  const auto offset = blob == nullptr ? log.append(r.text, output_, rows_)
                                      : log.append(blob->name(), bytes, output_, rows_);
  const auto entry =
    encode_index({r.kind, offset, static_cast<uint32_t>(bytes), r.code, r.attempts});
  const auto key = keys::id_and_number(r.batch, r.line);
  rows_.Put(index_, slice(key), rocksdb::Slice{entry.data(), entry.size()});
  ++(ok ? progress.completed : progress.failed);
  progress.retried += r.attempts > 1 ? 1 : 0;
  progress.tokens.input += r.tokens.input;
  progress.tokens.cached += r.tokens.cached;
  progress.tokens.output += r.tokens.output;
  progress.tokens.reasoning += r.tokens.reasoning;
  t.touch_segment(segment_of(r.line));
  return {};
}

result<void> group_writer::add(const line_wait& w) {
  auto found = touch(w.batch);
  if (!found) return tl::unexpected{found.error()};
  if (*found == nullptr) return {};
  auto& record = (*found)->batch->record;
  if (!storage::takes_results(record.state.status) || (*found)->batch->known_done(w.line)) {
    return {};
  }
  rows_.Put(db_.of(table::waiting), slice(keys::id_and_number(w.batch, w.line)),
            encode_waiting(w.entry));
  return {};
}

result<void> group_writer::add(const ambiguous_calls& a) {
  auto found = touch(a.batch);
  if (!found) return tl::unexpected{found.error()};
  if (*found != nullptr) (*found)->batch->record.progress.ambiguous += a.count;
  return {};
}

result<void> group_writer::end() {
  auto* batches = db_.of(table::batches);
  for (auto& t : touched_) {
    t.ok.write_row(output_, rows_);
    t.error.write_row(output_, rows_);
    auto& record = t.batch->record;
    if (!t.segments.empty()) {
      if (auto ok = t.batch->advance_watermark(db_); !ok) return ok;
    }
    for (const auto segment : t.segments) {
      rows_.Put(batches, slice(keys::batch(record.id, batch_part::segment, segment)),
                encode_segment(t.batch->done_in(segment)));
    }
    rows_.Put(batches, slice(keys::batch(record.id, batch_part::progress)),
              encode_progress(record.progress));
  }
  return {};
}

} // namespace

result<std::vector<batch_counts>> rocks_store::commit(const commit_group& group) {
  return modify([&](const database& db) -> result<std::vector<batch_counts>> {
    std::map<batch_id, batch_progress> after;
    if (doubt_.empty()) {
      auto out = write_group(db, group, after);
      if (!out) {
        distrust(); // the memory runs ahead of the disk
        doubt_.group_failed(group, {}, std::move(after));
      }
      return out;
    }
    const auto [left, there] = doubt_.without_what_is_there(group);
    auto out = write_group(db, left, after);
    if (!out) {
      distrust();
      doubt_.group_failed(left, there, std::move(after));
      return out;
    }
    // The caller waits for the counts of every batch of its group.
    const auto is_told = [&](batch_id id) {
      return std::any_of(out->begin(), out->end(), [&](const auto& c) { return c.batch == id; });
    };
    for (const auto& r : there.results) {
      if (is_told(r.batch)) continue;
      auto batch = read_batch(db, r.batch);
      if (batch) out->push_back({r.batch, batch->progress});
    }
    return out;
  });
}

result<std::vector<batch_counts>>
rocks_store::write_group(const database& db, const commit_group& group,
                         std::map<batch_id, batch_progress>& after) {
  rows_.Clear();
  for (const auto& r : group.results) {
    if (auto* blob = blob_of(r)) blob->seen_by_commit();
  }
  group_writer writer{db, rows_, [&](batch_id id) { return find_open(db, id); }};
  const auto add_all = [&](const auto& items) -> result<void> {
    for (const auto& item : items) {
      if (auto ok = writer.add(item); !ok) return ok;
    }
    return {};
  };
  auto ok = add_all(group.results);
  if (ok) ok = add_all(group.waits);
  if (ok) ok = add_all(group.ambiguous);
  if (ok) ok = writer.end();
  if (!ok) return tl::unexpected{ok.error()};

  std::vector<batch_counts> out;
  for (const auto& t : writer.touched()) {
    out.push_back({t.batch->record.id, t.batch->record.progress});
  }
  if (rows_.Count() > 0) {
    ok = db.write(rows_, durability::synced, "committing results");
    if (!ok) {
      for (const auto& t : writer.touched()) {
        if (t.is_counted()) after.emplace(t.batch->record.id, t.batch->record.progress);
      }
      return tl::unexpected{ok.error()};
    }
  }
  for (const auto& blob : writer.unwanted_blobs()) {
    // The same result may have been given twice.
    if (const auto wanted = is_wanted(db, blob); wanted && !*wanted) blobs_.remove(blob);
  }
  if (rows_.GetDataSize() > kept_rows_bytes) rows_ = rocksdb::WriteBatch{};
  for (const auto& counts : out) {
    const auto found = open_.find(counts.batch);
    if (storage::is_final(found->second.record.state.status)) open_.erase(found);
  }
  return out;
}

} // namespace perennial::storage::rocks
