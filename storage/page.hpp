// A piece of an uploaded file, about 1 MiB, as read from the store.
#pragma once

#include "protocol/base/bytes.hpp"
#include "storage/ids.hpp"

#include <cstdint>
#include <memory>
#include <string_view>

namespace perennial::storage {

/// Bytes of spare room after a page's end, so that simdjson may read past it.
inline constexpr size_t page_padding = 64;

/// Where pages are cut.
inline constexpr size_t page_bytes = mib;

struct page {
  file_id file = 0;
  uint64_t offset = 0;      ///< Of the first byte, in the file.
  line_no lines_before = 0; ///< Job lines whose first byte that is not blank lies before this page.
  bool mid_line = false;    ///< The first byte continues a line that began in an earlier page.
  bool counted = false;     ///< That line is among `lines_before`.
  std::shared_ptr<const char[]> buffer; ///< Owns the bytes and `page_padding` readable ones after.
  size_t size = 0;

  std::string_view bytes() const { return {buffer.get(), size}; }
  uint64_t end() const { return offset + size; }
};

} // namespace perennial::storage
