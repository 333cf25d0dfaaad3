// The identities that all floors above share.
#pragma once

#include <cstdint>

namespace perennial::storage {

/// A file's or a batch's id: grows with time, never used twice. 0 means "none".
using file_id = uint64_t;
using batch_id = uint64_t;

/// Ordinal of a job line in its file: blank lines are not counted, the first is 0.
using line_no = uint64_t;

/// Under which rules the lines of a file are good (rule_set.hpp). 0 means "none".
using rule_set_id = uint64_t;

/// Lines per segment. Part of what is on disk: never change it.
inline constexpr uint64_t segment_lines = 65'536;

constexpr uint32_t segment_of(line_no line) { return static_cast<uint32_t>(line >> 16); }

} // namespace perennial::storage
