// The life of a batch: which change is allowed from where, and what it sets. A value: the writer
// applies it to what is stored at that moment, so that two changes that cross never undo each
// other.
//
//   validating ─▶ in_progress ─────────────────────────────────▶ completed
//       │  │          │  └──(expired)──▶ finalizing ─▶ expired
//       │  └─(cancel)─┴──▶ cancelling ─▶ finalizing ─▶ cancelled
//       └──▶ failed
#pragma once

#include "protocol/base/error.hpp"
#include "storage/records.hpp"

#include <string>

namespace perennial::storage {

enum class batch_change : uint8_t {
  pause,
  resume,
  cancel,   ///< From validating or in_progress; again: nothing changes.
  complete, ///< Every line has its result.
  finalize, ///< No results are taken any more.
  close,    ///< What never ran is laid out: the end.
};

/// The state after `change`. errc::conflict where it is not allowed; the message says what the
/// batch is. `reason` is for a pause.
result<batch_state> apply(const batch_record& batch, batch_change change, const std::string& reason,
                          wall_time now);

/// Whether results of lines are taken: not once the layout of unrun lines may have begun.
constexpr bool takes_results(batch_status s) noexcept {
  return s == batch_status::validating || s == batch_status::in_progress ||
         s == batch_status::cancelling;
}

} // namespace perennial::storage
