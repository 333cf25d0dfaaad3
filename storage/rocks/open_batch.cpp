#include "storage/rocks/open_batch.hpp"

#include <algorithm>

namespace perennial::storage::rocks {

open_batch::open_batch(batch_record batch)
  : record(std::move(batch)) {
  const auto& d = record.definition;
  const auto count = segments_of(d.lines);
  counts_.done.resize(count);
  counts_.wanted.resize(count);
  for (uint32_t s = 0; s < count && d.retry_of == 0; ++s) {
    counts_.wanted[s] = lines_in_segment(d.lines, s);
  }
}

result<open_batch> open_batch::load(const database& db, batch_id id) {
  auto batch = read_batch(db, id);
  if (!batch) return tl::unexpected{batch.error()};
  auto counts = read_segments(db, *batch);
  if (!counts) return tl::unexpected{counts.error()};
  open_batch out{std::move(*batch)};
  out.counts_ = std::move(*counts);
  return out;
}

result<line_bits*> open_batch::covered(const database& db, uint32_t segment) {
  if (const auto found = covered_.find(segment); found != covered_.end()) return &found->second;
  line_bits bits;
  if (done_in(segment) > 0 || record.definition.retry_of != 0) {
    auto read = read_covered(db, record, segment);
    if (!read) return tl::unexpected{read.error()};
    bits = *read;
  }
  return &covered_.emplace(segment, bits).first->second;
}

result<bool> open_batch::mark_done(const database& db, line_no line) {
  const auto segment = segment_of(line);
  if (line >= record.definition.lines || full(segment)) return false;
  auto bits = covered(db, segment);
  if (!bits) return tl::unexpected{bits.error()};
  if (!(*bits)->set(place_in_segment(line))) return false;
  ++counts_.done[segment];
  if (full(segment)) covered_.erase(segment); // a full segment needs no bits
  return true;
}

bool open_batch::known_done(line_no line) const {
  const auto segment = segment_of(line);
  if (line >= record.definition.lines || full(segment)) return true;
  const auto bits = covered_.find(segment);
  return bits != covered_.end() && bits->second.test(place_in_segment(line));
}

result<void> open_batch::advance_watermark(const database& db) {
  const auto lines = record.definition.lines;
  auto& mark = record.progress.watermark;
  while (mark < lines) {
    const auto segment = segment_of(mark);
    const auto begin = uint64_t{segment} * segment_lines;
    const auto count = lines_in_segment(lines, segment);
    if (full(segment)) {
      mark = begin + count;
      continue;
    }
    auto bits = covered(db, segment);
    if (!bits) return tl::unexpected{bits.error()};
    const auto place = (*bits)->first_unset(place_in_segment(mark), count);
    mark = begin + place;
    if (place < count) break;
  }
  return {};
}

} // namespace perennial::storage::rocks
