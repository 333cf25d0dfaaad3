// What the single writer keeps in memory of a batch that is not at an end: its record, how far each
// segment is, and for the segments that are being worked on, one bit a line. All of it can be read
// again from the database, and is, after a start and after a write error.
#pragma once

#include "storage/line_bits.hpp"
#include "storage/records.hpp"
#include "storage/rocks/rows.hpp"

#include <unordered_map>

namespace perennial::storage::rocks {

class open_batch {
public:
  static result<open_batch> load(const database& db, batch_id id);
  explicit open_batch(batch_record batch);

  batch_record record;

  uint32_t done_in(uint32_t segment) const { return counts_.done[segment]; }
  /// Marks the line as done. Returns false when it was already, or is not of this batch.
  result<bool> mark_done(const database& db, line_no line);
  /// Whether the line is known to be done without looking into the database.
  bool known_done(line_no line) const;
  /// Moves the watermark over everything that is done.
  result<void> advance_watermark(const database& db);
  /// For a retry: how many lines of the segment are to be run.
  void set_wanted(uint32_t segment, uint32_t lines) { counts_.wanted[segment] = lines; }

private:
  bool full(uint32_t segment) const { return counts_.done[segment] >= counts_.wanted[segment]; }
  result<line_bits*> covered(const database& db, uint32_t segment);

  segment_counts counts_;
  /// Of segments that were touched and are not full: lines with a result, or not selected.
  std::unordered_map<uint32_t, line_bits> covered_;
};

} // namespace perennial::storage::rocks
