// Reads of whole things that several parts of the store need.
#pragma once

#include "storage/line_bits.hpp"
#include "storage/records.hpp"
#include "storage/rocks/scan.hpp"

#include <map>
#include <optional>
#include <vector>

namespace perennial::storage::rocks {

/// The file in whatever state. errc::not_found.
result<file_record> read_file(const database& db, file_id id);

/// Parts 1 to 3. errc::not_found.
result<batch_record> read_batch(reading from, batch_id id);
/// Every batch, oldest first.
result<std::vector<batch_record>> read_batches(reading from);

/// Part 8, if validation has begun.
result<std::optional<validation_cursor>> read_validation(reading from, batch_id id);

/// Part 5 of one segment; nothing when none of its lines is selected.
result<std::optional<line_bits>> read_selection(reading from, batch_id id, uint32_t segment);

/// How far the segments of a batch are.
struct segment_counts {
  std::vector<uint32_t> done;   ///< Lines that have a result (part 4).
  std::vector<uint32_t> wanted; ///< Lines that are to have one.
};
result<segment_counts> read_segments(reading from, const batch_record& batch);

/// The lines of a segment that have an index row.
result<line_bits> read_results(reading from, batch_id id, uint32_t segment);
/// The lines of a segment that have one or are not selected.
result<line_bits> read_covered(reading from, const batch_record& batch, uint32_t segment);

} // namespace perennial::storage::rocks
