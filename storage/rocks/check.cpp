// Checks a batch against its own rows, for `doctor` and the tests: what is counted must be there.
#include "storage/keys.hpp"
#include "storage/record_codec.hpp"
#include "storage/rocks/rocks_store.hpp"

#include <algorithm>
#include <array>

namespace perennial::storage::rocks {

namespace {

/// More findings than this help nobody.
constexpr size_t most_findings = 100;

class batch_check {
public:
  batch_check(reading from, const blob_directory& blobs, batch_record batch)
    : from_(from)
    , blobs_(blobs)
    , batch_(std::move(batch)) {}

  result<std::vector<std::string>> run();

private:
  struct log_sums {
    uint64_t bytes = 0;
    uint64_t newlines = 0;
    uint64_t indexed_bytes = 0;
    uint64_t indexed_lines = 0;
  };

  template <class... Ts>
  void finding(fmt::format_string<Ts...> text, Ts&&... args) {
    if (findings_.size() < most_findings) {
      findings_.push_back(fmt::format(text, std::forward<Ts>(args)...));
    }
  }
  void expect(std::string_view what, uint64_t counted, uint64_t found) {
    if (counted != found) finding("{}: {} counted, {} found", what, counted, found);
  }
  log_sums& sums(output_kind kind) { return sums_[kind == output_kind::ok ? 0 : 1]; }

  result<void> read_log(output_kind kind);
  result<void> read_index();
  result<void> read_unrun();
  /// Whether the log has one whole line at the entry's place.
  bool points_at_a_line(row_scan& log, const index_entry& e);

  /// Looks at the blob that a row of the log stands for. @returns its bytes.
  result<uint64_t> read_blob(output_kind kind, uint64_t offset, std::string_view row);

  reading from_;
  const blob_directory& blobs_;
  batch_record batch_;
  std::array<log_sums, 2> sums_;
  std::vector<std::string> findings_;
};

std::string_view name(output_kind kind) { return kind == output_kind::ok ? "output" : "error"; }

result<void> batch_check::read_log(output_kind kind) {
  auto& s = sums(kind);
  row_scan rows{from_, table::output, keys::output(batch_.id, kind, 0),
                keys::output(batch_.id, kind, keys::no_more), caching::skip};
  for (rows.first(); rows.valid(); rows.next()) {
    const auto offset = keys::last_number(rows.key());
    if (offset != s.bytes) {
      finding("the {} log has a row at offset {}, the row before ends at {}", name(kind), offset,
              s.bytes);
    }
    if (is_blob_reference(rows.value())) {
      const auto bytes = read_blob(kind, offset, rows.value());
      if (!bytes) return tl::unexpected{bytes.error()};
      s.bytes = offset + *bytes;
      ++s.newlines;
      continue;
    }
    if (!rows.value().ends_with('\n')) {
      finding("the {} log's row at offset {} does not end a line", name(kind), offset);
    }
    s.bytes = offset + rows.value().size();
    s.newlines += static_cast<uint64_t>(std::count(rows.value().begin(), rows.value().end(), '\n'));
  }
  return rows.status();
}

result<uint64_t> batch_check::read_blob(output_kind kind, uint64_t offset, std::string_view row) {
  const auto blob = decode_blob_reference(row);
  if (!blob) return fail(blob.error(), fmt::format("the {} log at offset {}", name(kind), offset));
  const blob_name file{batch_.id, blob->line, blob->number};
  const auto size = blobs_.size(file);
  if (!size) {
    finding("the result of line {} is in blobs/{}, which is not there", blob->line,
            to_string(file));
  } else {
    expect(fmt::format("bytes of blobs/{}", to_string(file)), blob->bytes, *size);
  }
  return blob->bytes;
}

bool batch_check::points_at_a_line(row_scan& log, const index_entry& e) {
  const auto inside = [&] {
    if (!log.valid()) return false;
    const auto begin = keys::last_number(log.key());
    if (is_blob_reference(log.value())) return begin == e.offset;
    return begin <= e.offset && e.offset < begin + log.value().size();
  };
  if (!inside()) log.seek_back(keys::output(batch_.id, e.kind, e.offset));
  if (!inside()) return false;
  const auto at = e.offset - keys::last_number(log.key());
  const auto row = log.value();
  if (is_blob_reference(row)) {
    const auto blob = decode_blob_reference(row);
    return blob && blob->bytes == e.length;
  }
  return e.length > 0 && at + e.length <= row.size() && (at == 0 || row[at - 1] == '\n') &&
         row.find('\n', at) == at + e.length - 1;
}

result<void> batch_check::read_index() {
  row_scan ok_log{from_, table::output, keys::output(batch_.id, output_kind::ok, 0),
                  keys::output(batch_.id, output_kind::ok, keys::no_more)};
  row_scan error_log{from_, table::output, keys::output(batch_.id, output_kind::error, 0),
                     keys::output(batch_.id, output_kind::error, keys::no_more)};
  row_scan rows{from_, table::index, keys::id(batch_.id), keys::id(batch_.id + 1), caching::skip};
  const auto counts = read_segments(from_, batch_);
  if (!counts) return tl::unexpected{counts.error()};
  const auto lines = batch_.definition.lines;
  std::optional<line_no> watermark; // the first line without a result
  rows.first();
  for (uint32_t segment = 0; segment < counts->done.size(); ++segment) {
    line_bits results;
    const auto begin = uint64_t{segment} * segment_lines;
    const auto size = lines_in_segment(lines, segment);
    while (rows.valid() && keys::last_number(rows.key()) < begin + size) {
      const auto line = keys::last_number(rows.key());
      const auto entry = decode_index(rows.value());
      if (!entry) return fail(entry.error(), fmt::format("line {}", line));
      results.set(place_in_segment(line));
      auto& s = sums(entry->kind);
      s.indexed_bytes += entry->length;
      ++s.indexed_lines;
      if (!points_at_a_line(entry->kind == output_kind::ok ? ok_log : error_log, *entry)) {
        finding("line {} points at {} bytes at offset {} of the {} log, where no such line is",
                line, entry->length, entry->offset, name(entry->kind));
      }
      rows.next();
    }
    expect(fmt::format("lines done in segment {}", segment), counts->done[segment],
           results.count());
    if (batch_.definition.retry_of != 0) {
      auto selection = read_selection(from_, batch_.id, segment);
      if (!selection) return tl::unexpected{selection.error()};
      auto outside = selection->value_or(line_bits{});
      outside.invert();
      auto strays = results;
      strays &= outside;
      expect(fmt::format("results in segment {} of lines that are not selected", segment), 0,
             strays.count());
      results |= outside;
    }
    const auto place = results.first_unset(0, size);
    if (!watermark && place < size) watermark = begin + place;
  }
  if (rows.valid())
    finding("line {} has a result and the file has {} lines", keys::last_number(rows.key()), lines);
  if (auto ok = rows.status(); !ok) return ok;
  uint64_t wanted = 0;
  for (const auto n : counts->wanted) wanted += n;
  // A retry gets its selection, and with it both of these, segment by segment.
  const bool selecting =
    batch_.definition.retry_of != 0 && batch_.state.status == batch_status::validating;
  expect("lines to run", batch_.progress.total, wanted);
  if (!selecting) expect("watermark", batch_.progress.watermark, watermark.value_or(lines));
  if (auto ok = ok_log.status(); !ok) return ok;
  return error_log.status();
}

/// The places of lines that never ran follow each other behind the error log.
result<void> batch_check::read_unrun() {
  const auto& p = batch_.progress;
  uint64_t bytes = 0;
  uint64_t lines = 0;
  row_scan rows{from_, table::batches, keys::batch(batch_.id, batch_part::unrun),
                keys::batch_after(batch_.id, batch_part::unrun)};
  for (rows.first(); rows.valid(); rows.next()) {
    const auto unrun = decode_unrun(rows.value());
    if (!unrun) return tl::unexpected{unrun.error()};
    const auto segment = get_big_endian<uint32_t>(rows.key().data() + 9);
    expect(fmt::format("offset of the unrun lines of segment {}", segment), unrun->offset,
           p.error_bytes + bytes);
    bytes += unrun->bytes;
    lines += unrun->lines;
  }
  expect("bytes of unrun lines", p.unrun_bytes, bytes);
  if (lines > 0) expect("unrun lines", lines, p.total - p.completed - p.failed);
  return rows.status();
}

result<std::vector<std::string>> batch_check::run() {
  for (const auto kind : {output_kind::ok, output_kind::error}) {
    if (auto ok = read_log(kind); !ok) return tl::unexpected{ok.error()};
  }
  if (auto ok = read_index(); !ok) return tl::unexpected{ok.error()};
  const auto& p = batch_.progress;
  for (const auto kind : {output_kind::ok, output_kind::error}) {
    const auto& s = sums(kind);
    const bool ok = kind == output_kind::ok;
    expect(fmt::format("bytes of the {} log", name(kind)), ok ? p.ok_bytes : p.error_bytes,
           s.bytes);
    expect(fmt::format("lines in the {} log", name(kind)), ok ? p.completed : p.failed, s.newlines);
    expect(fmt::format("index rows for the {} log", name(kind)), ok ? p.completed : p.failed,
           s.indexed_lines);
    expect(fmt::format("bytes that index rows give the {} log", name(kind)), s.bytes,
           s.indexed_bytes);
  }
  if (auto ok = read_unrun(); !ok) return tl::unexpected{ok.error()};
  if (p.completed + p.failed > p.total) {
    finding("{} lines are done, {} are to run", p.completed + p.failed, p.total);
  }
  return std::move(findings_);
}

} // namespace

result<std::vector<std::string>> rocks_store::check(batch_id id) const {
  auto in = enter();
  if (!in) return tl::unexpected{in.error()};
  const held_snapshot now{*in->db};
  auto batch = read_batch(now, id);
  if (!batch) return tl::unexpected{batch.error()};
  return batch_check{now, blobs_, std::move(*batch)}.run();
}

} // namespace perennial::storage::rocks
