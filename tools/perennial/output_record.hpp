// Which file holds a run's results. A file at the place of the output may be anybody's, or hold the
// results of before a retry; only the one that was recorded when it was committed is called the
// results. The record is the file `output` in the data directory:
//
//   perennial output 1 LF batch ID LF bytes N LF modified_ns N LF inode N LF path ABSOLUTE LF
//
// It is written after the output's rename. Without it, or where it does not fit, the results are
// written again from the store, which costs no call: it may be deleted.
#pragma once

#include "protocol/base/error.hpp"
#include "storage/ids.hpp"

#include <string>

namespace perennial::tool {

/// Whether the file that is at `output` now is the one that was recorded for this batch.
bool is_recorded_output(const std::string& data_dir, storage::batch_id batch,
                        const std::string& output);

/// Notes that the file that is at `output` now holds the results of this batch.
result<void> record_output(const std::string& data_dir, storage::batch_id batch,
                           const std::string& output);

} // namespace perennial::tool
