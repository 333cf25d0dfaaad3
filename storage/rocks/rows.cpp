#include "storage/rocks/rows.hpp"

#include "storage/keys.hpp"
#include "storage/record_codec.hpp"

namespace perennial::storage::rocks {

namespace {

/// Reads parts 1 to 3, which stand next to each other, at the scan's place.
result<batch_record> take_batch(row_scan& rows, batch_id id) {
  batch_record out;
  out.id = id;
  for (const auto part : {batch_part::definition, batch_part::state, batch_part::progress}) {
    if (!rows.valid() || rows.key() != std::string_view{keys::batch(id, part)}) {
      if (auto ok = rows.status(); !ok) return tl::unexpected{ok.error()};
      return fail(errc::corrupt, "batch {} lacks its part {}", id, static_cast<unsigned>(part));
    }
    result<void> ok;
    const auto into = [&](auto& member, auto decoded) {
      if (decoded)
        member = std::move(*decoded);
      else
        ok = fail(decoded.error(), fmt::format("batch {}", id));
    };
    if (part == batch_part::definition) into(out.definition, decode_definition(rows.value()));
    if (part == batch_part::state) into(out.state, decode_state(rows.value()));
    if (part == batch_part::progress) into(out.progress, decode_progress(rows.value()));
    if (!ok) return tl::unexpected{ok.error()};
    rows.next();
  }
  return out;
}

} // namespace

result<file_record> read_file(const database& db, file_id id) {
  auto value = db.get(table::files, keys::id(id));
  if (!value) return tl::unexpected{value.error()};
  if (!*value) return fail(errc::not_found, "there is no file {}", id);
  auto file = decode_file(id, **value);
  if (!file) return fail(file.error(), fmt::format("file {}", id));
  return file;
}

result<batch_record> read_batch(reading from, batch_id id) {
  row_scan rows{from, table::batches, keys::id(id), keys::id(id + 1)};
  rows.first();
  if (!rows.valid()) {
    if (auto ok = rows.status(); !ok) return tl::unexpected{ok.error()};
    return fail(errc::not_found, "there is no batch {}", id);
  }
  return take_batch(rows, id);
}

result<std::vector<batch_record>> read_batches(reading from) {
  std::vector<batch_record> out;
  row_scan rows{from, table::batches, keys::id(0), keys::id(keys::no_more)};
  for (rows.first(); rows.valid(); rows.seek(keys::id(out.back().id + 1))) {
    auto batch = take_batch(rows, keys::first_id(rows.key()));
    if (!batch) return tl::unexpected{batch.error()};
    out.push_back(std::move(*batch));
  }
  if (auto ok = rows.status(); !ok) return tl::unexpected{ok.error()};
  return out;
}

result<std::optional<validation_cursor>> read_validation(reading from, batch_id id) {
  row_scan rows{from, table::batches, keys::batch(id, batch_part::validation),
                keys::batch_after(id, batch_part::validation)};
  rows.first();
  if (!rows.valid()) {
    if (auto ok = rows.status(); !ok) return tl::unexpected{ok.error()};
    return std::nullopt;
  }
  auto cursor = decode_validation(rows.value());
  if (!cursor) return fail(cursor.error(), fmt::format("batch {}", id));
  return *cursor;
}

result<std::optional<line_bits>> read_selection(reading from, batch_id id, uint32_t segment) {
  row_scan rows{from, table::batches, keys::batch(id, batch_part::selection, segment),
                keys::batch_after(id, batch_part::selection)};
  rows.first();
  if (!rows.valid() ||
      rows.key() != std::string_view{keys::batch(id, batch_part::selection, segment)}) {
    if (auto ok = rows.status(); !ok) return tl::unexpected{ok.error()};
    return std::nullopt;
  }
  auto bits = decode_selection(rows.value());
  if (!bits) return fail(bits.error(), fmt::format("batch {}, segment {}", id, segment));
  return *bits;
}

result<segment_counts> read_segments(reading from, const batch_record& batch) {
  const auto id = batch.id;
  const auto count = segments_of(batch.definition.lines);
  segment_counts out;
  out.done.resize(count);
  out.wanted.resize(count);
  const bool selected = batch.definition.retry_of != 0;
  for (uint32_t s = 0; s < count && !selected; ++s) {
    out.wanted[s] = lines_in_segment(batch.definition.lines, s);
  }
  row_scan rows{from, table::batches, keys::batch(id, batch_part::segment),
                keys::batch_after(id, batch_part::selection)};
  for (rows.first(); rows.valid(); rows.next()) {
    const auto key = rows.key();
    const auto segment = key.size() == 13 ? get_big_endian<uint32_t>(key.data() + 9) : count;
    if (segment >= count) return fail(errc::corrupt, "batch {} has a segment too many", id);
    const bool is_count = static_cast<batch_part>(key[8]) == batch_part::segment;
    result<uint32_t> n = 0U;
    if (is_count)
      n = decode_segment(rows.value());
    else
      n = decode_selection(rows.value()).map([](const line_bits& b) { return b.count(); });
    if (!n) return fail(n.error(), fmt::format("batch {}, segment {}", id, segment));
    (is_count ? out.done : out.wanted)[segment] = *n;
  }
  if (auto ok = rows.status(); !ok) return tl::unexpected{ok.error()};
  return out;
}

result<line_bits> read_results(reading from, batch_id id, uint32_t segment) {
  line_bits out;
  row_scan rows{from, table::index, keys::id_and_number(id, uint64_t{segment} << 16),
                keys::id_and_number(id, (uint64_t{segment} + 1) << 16), caching::skip};
  for (rows.first(); rows.valid(); rows.next()) {
    out.set(place_in_segment(keys::last_number(rows.key())));
  }
  if (auto ok = rows.status(); !ok) return tl::unexpected{ok.error()};
  return out;
}

result<line_bits> read_covered(reading from, const batch_record& batch, uint32_t segment) {
  auto out = read_results(from, batch.id, segment);
  if (!out || batch.definition.retry_of == 0) return out;
  auto selection = read_selection(from, batch.id, segment);
  if (!selection) return tl::unexpected{selection.error()};
  auto outside = selection->value_or(line_bits{});
  outside.invert();
  *out |= outside;
  return out;
}

} // namespace perennial::storage::rocks
