// Notices a batch that is wrong as a whole: so many equal rejections in a row with no success
// between them pause it, before it burns the rest. A line that was not done in its time was not
// rejected, and says nothing. A value.
#pragma once

#include "storage/records.hpp"

#include <cstdint>

namespace perennial::actors {

class rejection_streak {
public:
  static constexpr uint32_t limit = 20;

  /// Learns one result. True when it is the one that should pause the batch.
  bool on_result(bool ok, uint16_t code) {
    if (ok) {
      any_success_ = true;
      count_ = 0;
      return false;
    }
    if (code == storage::result_code::deadline_exceeded) return false;
    count_ = code == code_ ? count_ + 1 : 1;
    code_ = code;
    return !any_success_ && count_ == limit;
  }

  /// A person resumed the batch: they have seen it, do not pause it again.
  void on_resumed() { any_success_ = true; }

private:
  bool any_success_ = false;
  uint16_t code_ = 0;
  uint32_t count_ = 0;
};

} // namespace perennial::actors
