// The selection of a retry: the parent's lines that failed or never ran, segment by segment.
#include "storage/keys.hpp"
#include "storage/record_codec.hpp"
#include "storage/result_codes.hpp"
#include "storage/rocks/rocks_store.hpp"

namespace perennial::storage::rocks {

namespace {

/// The parent's lines in a segment that a retry of `only` (empty: of everything) takes.
result<line_bits> lines_to_retry(const database& db, const batch_record& parent, uint32_t segment,
                                 const std::string& only) {
  const auto first = uint64_t{segment} * segment_lines;
  const auto code = code_of_name(only);
  line_bits failed;
  line_bits seen;
  row_scan rows{db, table::index, keys::id_and_number(parent.id, first),
                keys::id_and_number(parent.id, first + segment_lines), caching::skip};
  for (rows.first(); rows.valid(); rows.next()) {
    const auto place = place_in_segment(keys::last_number(rows.key()));
    const auto entry = decode_index(rows.value());
    if (!entry) return tl::unexpected{entry.error()};
    seen.set(place);
    // A line that validation refused stays refused: it cannot be sent.
    const bool could_run = entry->code != result_code::line_invalid;
    if (entry->kind == output_kind::error && could_run && (only.empty() || entry->code == code)) {
      failed.set(place);
    }
  }
  if (auto ok = rows.status(); !ok) return tl::unexpected{ok.error()};
  if (!only.empty() && only != unrun_code(parent.state.status)) return failed;

  line_bits unrun;
  unrun.set_first(lines_in_segment(parent.definition.lines, segment));
  if (parent.definition.retry_of != 0) {
    auto selection = read_selection(db, parent.id, segment);
    if (!selection) return tl::unexpected{selection.error()};
    unrun &= selection->value_or(line_bits{});
  }
  seen.invert();
  unrun &= seen;
  failed |= unrun;
  return failed;
}

} // namespace

result<std::optional<uint32_t>> rocks_store::select_failed(batch_id retry, uint32_t segment) {
  return modify([&](const database& db) -> result<std::optional<uint32_t>> {
    auto found = find_open(db, retry);
    if (!found) return tl::unexpected{found.error()};
    auto& batch = **found;
    const auto& d = batch.record.definition;
    if (d.retry_of == 0 || batch.record.state.status != batch_status::validating) {
      return fail(errc::conflict, "batch {} is {} and selects no lines", retry,
                  d.retry_of == 0 ? "not a retry" : to_string(batch.record.state.status));
    }
    const auto count = segments_of(d.lines);
    const auto next = segment + 1 < count ? std::optional{segment + 1} : std::nullopt;
    if (segment >= count) return next;
    auto cursor = read_validation(db, retry);
    if (!cursor) return tl::unexpected{cursor.error()};
    const bool selecting = *cursor && (*cursor)->phase == validation_phase::selecting;
    const auto expected = selecting ? (*cursor)->ordinal : 0;
    const auto first = uint64_t{segment} * segment_lines;
    if (first < expected) return next; // done before a restart
    if (first > expected) {
      return fail(errc::conflict, "batch {} selects segment {} before {}", retry, segment,
                  segment_of(expected));
    }

    auto parent = read_batch(db, d.retry_of);
    if (!parent) return tl::unexpected{parent.error()};
    auto lines = lines_to_retry(db, *parent, segment, d.retry_only);
    if (!lines) return tl::unexpected{lines.error()};
    const auto selected = lines->count();
    rocksdb::WriteBatch rows;
    if (selected > 0) {
      rows.Put(db.of(table::batches), slice(keys::batch(retry, batch_part::selection, segment)),
               encode_selection(*lines));
    }
    auto progress = batch.record.progress;
    progress.total += selected;
    if (progress.watermark == first) { // nothing is selected so far
      auto others = *lines;
      others.invert();
      progress.watermark = first + others.first_unset(0, lines_in_segment(d.lines, segment));
    }
    rows.Put(db.of(table::batches), slice(keys::batch(retry, batch_part::progress)),
             encode_progress(progress));
    rows.Put(db.of(table::batches), slice(keys::batch(retry, batch_part::validation)),
             encode_validation({validation_phase::selecting, 0, first + segment_lines, 1}));
    if (auto ok = db.write(rows, durability::synced, "selecting lines to retry"); !ok) {
      return tl::unexpected{ok.error()};
    }
    batch.record.progress = progress;
    batch.set_wanted(segment, selected);
    return next;
  });
}

} // namespace perennial::storage::rocks
