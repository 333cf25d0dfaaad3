// Reads the results of a batch, at any time, from any thread: the two logs as files with offsets,
// and all results in order of the file.
#pragma once

#include "protocol/base/bytes.hpp"
#include "storage/store.hpp"

#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace perennial::actors {

/// So much of a long line is held at once.
inline constexpr uint64_t long_piece = 8 * mib;

/// Bytes of the file now: of the error file with the lines that never ran.
uint64_t output_size(const storage::batch_record& batch, storage::output_kind kind);

/// The output or error file of a batch as it is in `batch`. For one reader that goes forward: it
/// keeps the segment of lines that never ran which it rendered last.
class output_reader {
public:
  output_reader(const storage::store& db, storage::batch_record batch, storage::output_kind kind)
    : db_(&db)
    , batch_(std::move(batch))
    , kind_(kind) {}

  /// Bytes from `offset` on, at most about `max_bytes`; empty at the end.
  result<std::string> read(uint64_t offset, size_t max_bytes);

private:
  result<std::string> read_log(uint64_t offset, size_t max_bytes, uint64_t log);
  result<void> render(uint64_t offset);

  const storage::store* db_;
  storage::batch_record batch_;
  storage::output_kind kind_;
  std::string log_piece_; ///< A part of a long line...
  uint64_t log_from_ = 0; ///< ...and where it begins in the log.
  std::string rendered_;  ///< A segment of lines that never ran...
  uint64_t from_ = 0;     ///< ...and where it begins in the file.
};

struct ordered_result {
  storage::line_no line = 0;
  storage::output_kind kind = storage::output_kind::ok;
  uint16_t code = 0;
  std::string_view text; ///< With its newline; valid during the call.
  /// False: a piece of a long line; the next call brings the next one.
  bool ends = true;
};

/// All results in order of the file, the newest of each line along the chain of retries that ends
/// in `newest` (first result of the chain's root otherwise). Lines without a result are left out,
/// those that never ran of a batch at its end are there. A line of more than `long_piece` bytes
/// comes in pieces of that size. `fn` may return false to stop.
result<void> read_in_order(const storage::store& db, storage::batch_id newest,
                           const std::function<bool(const ordered_result&)>& fn);

} // namespace perennial::actors
