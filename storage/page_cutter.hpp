// Cuts the bytes of an upload into pages and counts its job lines. Pure: no clock, no file.
//
// A page is cut as soon as 1 MiB has gathered: after the last newline when that lies in its second
// half (what follows goes to the next page), else at 1 MiB exactly. So the pages depend on the
// bytes alone, not on the pieces in which they come. A job line is a line with a byte that is not
// space, tab or CR; it is counted where the first such byte is.
#pragma once

#include "protocol/base/error.hpp"
#include "storage/page.hpp"

#include <functional>
#include <string_view>
#include <vector>

namespace perennial::storage {

/// A page on its way to the store. The bytes are valid during the call that hands it out.
struct cut_page {
  uint64_t offset = 0;
  line_no lines_before = 0;
  bool mid_line = false;
  bool counted = false;
  std::string_view bytes;
};

/// One thread. After `sink` failed, make no further call.
class page_cutter {
public:
  using sink = std::function<result<void>(const cut_page&)>;

  explicit page_cutter(sink out);

  result<void> append(std::string_view bytes);
  /// Hands out what is left. Call once, last.
  result<void> finish();

  uint64_t bytes() const noexcept { return offset_ + used_; }
  /// Job lines of the pages handed out; of all after `finish`.
  uint64_t lines() const noexcept { return lines_; }

private:
  result<void> cut(size_t size);
  void count_lines(std::string_view bytes);

  sink out_;
  std::vector<char> buffer_;
  size_t used_ = 0;
  uint64_t offset_ = 0;   ///< Of the buffer's first byte.
  line_no lines_ = 0;     ///< Job lines whose first byte that is not blank was cut off already.
  bool mid_line_ = false; ///< The buffer begins within a line,
  bool counted_ = false;  ///< which is counted.
};

} // namespace perennial::storage
