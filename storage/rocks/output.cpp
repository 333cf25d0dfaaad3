// Reading results: the logs, the index over them, and which lines are done.
#include "storage/keys.hpp"
#include "storage/record_codec.hpp"
#include "storage/rocks/rocks_store.hpp"

#include <algorithm>

namespace perennial::storage::rocks {

namespace {

/// The blob that a row of `output` stands for; nothing where it is lines.
result<std::optional<blob_reference>> blob_in(batch_id id, std::string_view row) {
  if (!is_blob_reference(row)) return std::nullopt;
  auto blob = decode_blob_reference(row);
  if (!blob) return fail(blob.error(), fmt::format("batch {}", id));
  return *blob;
}

} // namespace

result<std::vector<bool>> rocks_store::done_in_segment(batch_id id, uint32_t segment) const {
  auto in = enter();
  if (!in) return tl::unexpected{in.error()};
  auto batch = read_batch(*in->db, id);
  if (!batch) return tl::unexpected{batch.error()};
  auto bits = read_covered(*in->db, *batch, segment);
  if (!bits) return tl::unexpected{bits.error()};
  std::vector<bool> out(lines_in_segment(batch->definition.lines, segment));
  for (uint32_t place = 0; place < out.size(); ++place) out[place] = bits->test(place);
  return out;
}

result<waiting_lines> rocks_store::waiting_in_segment(batch_id id, uint32_t segment) const {
  auto in = enter();
  if (!in) return tl::unexpected{in.error()};
  waiting_lines out;
  if (in->db->in_force().batches->gone(id)) return out;
  const auto first = uint64_t{segment} * segment_lines;
  row_scan rows{*in->db, table::waiting, keys::id_and_number(id, first),
                keys::id_and_number(id, first + segment_lines), caching::skip};
  for (rows.first(); rows.valid(); rows.next()) {
    const auto line = keys::last_number(rows.key());
    auto entry = decode_waiting(rows.value());
    if (!entry) return fail(entry.error(), fmt::format("batch {}, line {}", id, line));
    out.emplace_back(line, std::move(*entry));
  }
  if (auto ok = rows.status(); !ok) return tl::unexpected{ok.error()};
  return out;
}

result<std::optional<index_entry>> rocks_store::get_index(batch_id id, line_no line) const {
  auto in = enter();
  if (!in) return tl::unexpected{in.error()};
  auto value = in->db->get(table::index, keys::id_and_number(id, line));
  if (!value) return tl::unexpected{value.error()};
  if (!*value) return std::nullopt;
  auto entry = decode_index(**value);
  if (!entry) return fail(entry.error(), fmt::format("batch {}, line {}", id, line));
  return *entry;
}

result<void> rocks_store::scan_index(batch_id id, line_no from,
                                     const visitor<line_no, const index_entry&>& fn) const {
  auto in = enter();
  if (!in) return tl::unexpected{in.error()};
  row_scan rows{*in->db, table::index, keys::id_and_number(id, from), keys::id(id + 1),
                caching::skip};
  for (rows.first(); rows.valid(); rows.next()) {
    const auto line = keys::last_number(rows.key());
    auto entry = decode_index(rows.value());
    if (!entry) return fail(entry.error(), fmt::format("batch {}, line {}", id, line));
    if (!fn(line, *entry)) return {};
  }
  return rows.status();
}

result<std::string> rocks_store::read_output(batch_id id, output_kind kind, uint64_t offset,
                                             size_t max_bytes) const {
  auto in = enter();
  if (!in) return tl::unexpected{in.error()};
  std::string out;
  row_scan rows{*in->db, table::output, keys::output(id, kind, 0),
                keys::output(id, kind, keys::no_more), caching::skip}; // readers keep pieces
  for (rows.seek_back(keys::output(id, kind, offset)); rows.valid(); rows.next()) {
    const auto skip = offset + out.size() - keys::last_number(rows.key());
    const auto row = rows.value();
    const auto blob = blob_in(id, row);
    if (!blob) return tl::unexpected{blob.error()};
    const uint64_t row_bytes = *blob ? (*blob)->bytes : row.size();
    if (skip >= row_bytes) {
      if (out.empty()) break; // behind the end of the log
      return fail(errc::corrupt, "batch {}: the output has a gap at offset {}", id,
                  offset + out.size());
    }
    const auto size =
      static_cast<size_t>(std::min<uint64_t>(row_bytes - skip, max_bytes - out.size()));
    if (*blob) {
      auto ok = blobs_.read({id, (*blob)->line, (*blob)->number}, skip, size, out);
      if (!ok) return tl::unexpected{ok.error()};
    } else {
      out.append(row.substr(skip, size));
    }
    if (out.size() == max_bytes) break;
  }
  if (auto ok = rows.status(); !ok) return tl::unexpected{ok.error()};
  return out;
}

result<std::vector<store::unrun_segment>> rocks_store::get_unrun(batch_id id) const {
  auto in = enter();
  if (!in) return tl::unexpected{in.error()};
  std::vector<unrun_segment> out;
  row_scan rows{*in->db, table::batches, keys::batch(id, batch_part::unrun),
                keys::batch_after(id, batch_part::unrun)};
  for (rows.first(); rows.valid(); rows.next()) {
    auto value = decode_unrun(rows.value());
    if (!value) return fail(value.error(), fmt::format("batch {}", id));
    const auto segment = get_big_endian<uint32_t>(rows.key().data() + 9);
    out.push_back({segment, value->form, value->offset, value->bytes, value->lines});
  }
  if (auto ok = rows.status(); !ok) return tl::unexpected{ok.error()};
  return out;
}

} // namespace perennial::storage::rocks
