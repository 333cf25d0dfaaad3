// Batches: making them, their states, listing them, and what a new process needs to go on.
#include "storage/keys.hpp"
#include "storage/record_codec.hpp"
#include "storage/rocks/rocks_store.hpp"

namespace perennial::storage::rocks {

namespace {

/// For how long a request without a key counts as the same when it comes again.
constexpr std::chrono::seconds same_request_window{60};

/// Whether the same request without a key means this batch: not one that ended, or is ending,
/// without having run its lines. Who asks again for that wants a new one.
bool still_counts(batch_status status) {
  return status == batch_status::validating || status == batch_status::in_progress ||
         status == batch_status::completed;
}

/// The row of `idempotency` that a request has.
sha256_digest request_key(const idempotency& same) {
  if (!same.key.empty()) return sha256("key:" + same.key);
  sha256_stream hash;
  hash.update("same:");
  hash.update({reinterpret_cast<const char*>(same.request_hash.data()), same.request_hash.size()});
  return hash.finish();
}

std::string_view text(const sha256_digest& digest) {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

/// The batch that the same request made before, if it did.
result<std::optional<batch_record>> find_same(const database& db, const sha256_digest& row_key,
                                              const idempotency& same, wall_time now) {
  auto value = db.get(table::idempotency, text(row_key));
  if (!value) return tl::unexpected{value.error()};
  if (!*value) return std::nullopt;
  auto earlier = decode_request(**value);
  if (!earlier) return tl::unexpected{earlier.error()};
  if (same.key.empty()) {
    // The clock may have been set back since.
    const auto age = now > earlier->created ? now - earlier->created : earlier->created - now;
    if (age >= same_request_window) return std::nullopt;
  }
  auto batch = read_batch(db, earlier->batch);
  if (!batch && batch.error().kind == errc::not_found) return std::nullopt;
  if (!batch) return tl::unexpected{batch.error()};
  if (same.key.empty() && !still_counts(batch->state.status)) return std::nullopt;
  if (earlier->request_hash != same.request_hash) {
    return fail(errc::conflict,
                "the idempotency key \"{}\" was used for another request; use a new key", same.key);
  }
  return *batch;
}

/// Fails when `what` cannot be run over its file or as a retry of its parent.
result<file_record> check_parents(const database& db, const batch_definition& what) {
  auto file = read_file(db, what.file);
  // A retry is not told that there is no such thing: its batch is there.
  const bool gone = !file && file.error().kind == errc::not_found && what.retry_of != 0;
  if (!file && !gone) return file;
  if (what.retry_of == 0) {
    if (file->state == file_state::ready) return file;
    return fail(errc::not_found, "there is no file {}", what.file);
  }
  const auto parent = read_batch(db, what.retry_of);
  if (!parent) return tl::unexpected{parent.error()};
  if (parent->definition.file != what.file) {
    return fail(errc::invalid_input, "batch {} has another file than its retry", what.retry_of);
  }
  const auto status = parent->state.status;
  if (!storage::is_final(status) || status == batch_status::failed) {
    return fail(errc::conflict, "batch {} is {}: only one that has ended with results has a retry",
                what.retry_of, to_string(status));
  }
  if (gone || file->state != file_state::ready) {
    return fail(errc::conflict,
                "the input file was deleted, so the batch cannot be retried; upload "
                "the file again and create a new batch");
  }
  return file;
}

} // namespace

result<created_batch> rocks_store::create_batch(const batch_definition& what,
                                                const idempotency& same) {
  return modify([&](const database& db) -> result<created_batch> {
    const auto row_key = request_key(same);
    auto earlier = find_same(db, row_key, same, what.created);
    if (!earlier) return tl::unexpected{earlier.error()};
    if (*earlier) return created_batch{std::move(**earlier), true};
    const auto file = check_parents(db, what);
    if (!file) return tl::unexpected{file.error()};

    batch_record batch;
    batch.definition = what;
    batch.definition.lines = file->lines;
    batch.progress.total = what.retry_of == 0 ? file->lines : 0;

    const std::lock_guard lock{ids_mutex_};
    rocksdb::WriteBatch rows;
    batch.id = next_id(what.created, db, rows);
    db.in_force().batches->born(batch.id);
    auto* table_of_batches = db.of(table::batches);
    rows.Put(table_of_batches, slice(keys::batch(batch.id, batch_part::definition)),
             encode_definition(batch.definition));
    rows.Put(table_of_batches, slice(keys::batch(batch.id, batch_part::state)),
             encode_state(batch.state));
    rows.Put(table_of_batches, slice(keys::batch(batch.id, batch_part::progress)),
             encode_progress(batch.progress));
    rows.Put(db.of(table::idempotency), slice(text(row_key)),
             encode_request({batch.id, what.created, same.request_hash}));
    if (auto ok = db.write(rows, durability::synced, "making a batch"); !ok) {
      return tl::unexpected{ok.error()};
    }
    open_.emplace(batch.id, open_batch{batch});
    return created_batch{std::move(batch), false};
  });
}

result<open_batch*> rocks_store::find_open(const database& db, batch_id id) {
  if (const auto found = open_.find(id); found != open_.end()) return &found->second;
  auto loaded = open_batch::load(db, id);
  if (!loaded) return tl::unexpected{loaded.error()};
  return &open_.emplace(id, std::move(*loaded)).first->second;
}

result<batch_record> rocks_store::write_state(const database& db, open_batch& batch,
                                              batch_state state, rocksdb::WriteBatch rows) {
  const auto id = batch.record.id;
  const bool ends = storage::is_final(state.status);
  rows.Put(db.of(table::batches), slice(keys::batch(id, batch_part::state)), encode_state(state));
  if (auto ok = db.write(rows, durability::synced, "changing a batch's state"); !ok) {
    return tl::unexpected{ok.error()};
  }
  batch.record.state = std::move(state);
  auto out = batch.record;
  if (!ends) return out;
  open_.erase(id);
  db.batch_died(id);
  const auto file = read_file(db, out.definition.file);
  if (file && file->state == file_state::deleted) {
    if (auto ok = release_file(db, file->id); !ok) return tl::unexpected{ok.error()};
  }
  return out;
}

result<batch_record> rocks_store::set_state(batch_id id, const batch_state& state) {
  return modify([&](const database& db) -> result<batch_record> {
    auto batch = find_open(db, id);
    if (!batch) return tl::unexpected{batch.error()};
    auto& record = (*batch)->record;
    if (storage::is_final(record.state.status)) {
      const auto out = record;
      open_.erase(id);
      if (out.state == state) return out; // given again after a write error
      return fail(errc::conflict, "batch {} is {} and changes no more", id,
                  to_string(out.state.status));
    }
    return write_state(db, **batch, state, rocksdb::WriteBatch{});
  });
}

result<batch_record> rocks_store::set_unrun(batch_id id, const std::vector<unrun_segment>& segments,
                                            uint64_t unrun_bytes) {
  return modify([&](const database& db) -> result<batch_record> {
    auto batch = find_open(db, id);
    if (!batch) return tl::unexpected{batch.error()};
    auto progress = (*batch)->record.progress;
    progress.unrun_bytes = unrun_bytes;
    rocksdb::WriteBatch rows;
    for (const auto& s : segments) {
      rows.Put(db.of(table::batches), slice(keys::batch(id, batch_part::unrun, s.segment)),
               encode_unrun({s.form, s.offset, s.bytes, s.lines}));
    }
    rows.Put(db.of(table::batches), slice(keys::batch(id, batch_part::progress)),
             encode_progress(progress));
    if (auto ok = db.write(rows, durability::synced, "noting the lines that never ran"); !ok) {
      return tl::unexpected{ok.error()};
    }
    (*batch)->record.progress = progress;
    return (*batch)->record;
  });
}

result<batch_record> rocks_store::get_batch(batch_id id) const {
  auto in = enter();
  if (!in) return tl::unexpected{in.error()};
  return read_batch(*in->db, id);
}

result<std::vector<batch_record>> rocks_store::list_batches(batch_id after, size_t limit) const {
  auto in = enter();
  if (!in) return tl::unexpected{in.error()};
  const held_snapshot now{*in->db};
  std::vector<batch_record> out;
  row_scan rows{now, table::batches, keys::id(0), keys::id(after != 0 ? after : keys::no_more)};
  rows.last();
  while (rows.valid() && out.size() < limit) {
    const auto id = keys::first_id(rows.key());
    auto batch = read_batch(now, id);
    if (!batch) return tl::unexpected{batch.error()};
    out.push_back(std::move(*batch));
    rows.seek_back(keys::id(id)); // before its first part
  }
  if (auto ok = rows.status(); !ok) return tl::unexpected{ok.error()};
  return out;
}

namespace {

result<batch_resume> read_resume(reading now, batch_record batch) {
  auto cursor = read_validation(now, batch.id);
  if (!cursor) return tl::unexpected{cursor.error()};
  auto counts = read_segments(now, batch);
  if (!counts) return tl::unexpected{counts.error()};
  batch_resume r{std::move(batch), *cursor, {}};
  for (uint32_t s = 0; s < counts->done.size(); ++s) {
    if (counts->done[s] < counts->wanted[s]) r.unfinished_segments.push_back(s);
  }
  return r;
}

} // namespace

result<std::vector<batch_resume>> rocks_store::unfinished_batches() const {
  auto in = enter();
  if (!in) return tl::unexpected{in.error()};
  const held_snapshot now{*in->db};
  auto batches = read_batches(now);
  if (!batches) return tl::unexpected{batches.error()};
  std::vector<batch_resume> out;
  for (auto& batch : *batches) {
    if (storage::is_final(batch.state.status)) continue;
    auto r = read_resume(now, std::move(batch));
    if (!r) return tl::unexpected{r.error()};
    out.push_back(std::move(*r));
  }
  return out;
}

result<batch_resume> rocks_store::resume_batch(batch_id id) const {
  auto in = enter();
  if (!in) return tl::unexpected{in.error()};
  const held_snapshot now{*in->db};
  auto batch = read_batch(now, id);
  if (!batch) return tl::unexpected{batch.error()};
  return read_resume(now, std::move(*batch));
}

} // namespace perennial::storage::rocks
