// The selection of a retry: the lines whose newest result along the chain of retries is a failure,
// segment by segment.
#include "storage/keys.hpp"
#include "storage/record_codec.hpp"
#include "storage/result_codes.hpp"
#include "storage/rocks/rocks_store.hpp"

namespace perennial::storage::rocks {

namespace {

/// How a line stands after a chain of batches: the code of its failure, or one of these. Codes in
/// the index end at 999.
using line_end = uint16_t;
constexpr line_end none = 0xffff; ///< No batch of the chain had the line to run.
constexpr line_end succeeded = 0xfffe;
constexpr line_end never_ran = 0xff00; ///< And the status of the batch that it never ran in.

constexpr line_end never_ran_in(batch_status status) {
  return static_cast<line_end>(never_ran + static_cast<line_end>(status));
}

constexpr bool is_failure(line_end end) { return end != none && end != succeeded; }

std::string name_of(line_end end) {
  if (end < never_ran) return name_of_code(end);
  return std::string{unrun_code(static_cast<batch_status>(end - never_ran))};
}

/// The other way; nothing for what no line can have.
std::optional<line_end> end_of_name(std::string_view name) {
  for (const auto status : {batch_status::cancelled, batch_status::expired}) {
    if (name == unrun_code(status)) return never_ran_in(status);
  }
  return code_of_name(name);
}

/// Adds what `batch` says of a segment's lines to what the newer batches of its chain say.
result<void> add_older(const database& db, const batch_record& batch, uint32_t segment,
                       std::vector<line_end>& ends) {
  // Cancelled before its lines could go out: it tells nothing of them.
  if (batch.state.in_progress_at == wall_time{}) return {};
  line_bits unrun;
  if (batch.definition.retry_of == 0) {
    unrun.set_first(static_cast<uint32_t>(ends.size()));
  } else {
    const auto selection = read_selection(db, batch.id, segment);
    if (!selection) return tl::unexpected{selection.error()};
    if (!*selection) return {};
    unrun = **selection;
  }
  line_bits seen;
  const auto first = uint64_t{segment} * segment_lines;
  row_scan rows{db, table::index, keys::id_and_number(batch.id, first),
                keys::id_and_number(batch.id, first + ends.size()), caching::skip};
  for (rows.first(); rows.valid(); rows.next()) {
    const auto entry = decode_index(rows.value());
    if (!entry) return tl::unexpected{entry.error()};
    const auto place = place_in_segment(keys::last_number(rows.key()));
    seen.set(place);
    auto& end = ends[place];
    // An answer that is paid for counts, whatever came after it.
    if (entry->kind == output_kind::ok) end = succeeded;
    if (end == none) end = entry->code;
  }
  if (auto ok = rows.status(); !ok) return ok;
  seen.invert();
  unrun &= seen;
  if (unrun.count() == 0) return {};
  for (uint32_t place = 0; place < ends.size(); ++place) {
    if (ends[place] == none && unrun.test(place)) ends[place] = never_ran_in(batch.state.status);
  }
  return {};
}

/// How each line of a segment stands at the end of the chain of retries that ends in `newest`.
/// All its batches are at their ends, so this is the same at any time.
result<std::vector<line_end>> ends_in_segment(const database& db, batch_id newest,
                                              uint32_t segment) {
  std::vector<line_end> ends;
  for (auto id = newest; id != 0;) {
    const auto batch = read_batch(db, id);
    if (!batch && id != newest && batch.error().kind == errc::not_found) break; // what is left
    if (!batch) return tl::unexpected{batch.error()};
    if (id == newest) ends.resize(lines_in_segment(batch->definition.lines, segment), none);
    if (auto ok = add_older(db, *batch, segment, ends); !ok) return tl::unexpected{ok.error()};
    id = batch->definition.retry_of;
  }
  return ends;
}

/// The lines of a segment that a retry of `only` (empty: of everything) takes.
result<line_bits> lines_to_retry(const database& db, batch_id parent, uint32_t segment,
                                 const std::string& only) {
  const auto ends = ends_in_segment(db, parent, segment);
  if (!ends) return tl::unexpected{ends.error()};
  const auto wanted = end_of_name(only);
  line_bits out;
  for (uint32_t place = 0; place < ends->size(); ++place) {
    const auto end = (*ends)[place];
    // A line that validation refused stays refused: it cannot be sent.
    if (!is_failure(end) || end == result_code::line_invalid) continue;
    if (only.empty() || end == wanted) out.set(place);
  }
  return out;
}

} // namespace

result<failure_counts> rocks_store::failures_in_segment(batch_id newest, uint32_t segment) const {
  auto in = enter();
  if (!in) return tl::unexpected{in.error()};
  const auto ends = ends_in_segment(*in->db, newest, segment);
  if (!ends) return tl::unexpected{ends.error()};
  std::map<line_end, uint64_t> counts;
  for (const auto end : *ends) {
    if (is_failure(end)) ++counts[end];
  }
  failure_counts out;
  for (const auto& [end, count] : counts) out[name_of(end)] += count;
  return out;
}

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

    auto lines = lines_to_retry(db, d.retry_of, segment, d.retry_only);
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
