// The Range header (RFC 9110 §14) over a content of known size. Pure.
//
// One range is answered; several at once, another unit or anything malformed is answered with the
// whole, as the RFC allows.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace perennial::http {

enum class range_kind : uint8_t {
  whole,         ///< 200, all of it.
  part,          ///< 206 with `Content-Range`.
  unsatisfiable, ///< 416 with `Content-Range`.
};

struct content_range {
  range_kind kind = range_kind::whole;
  uint64_t offset = 0; ///< Of the first byte to send.
  uint64_t length = 0; ///< How many bytes to send.
  uint64_t size = 0;   ///< Of the whole content.

  friend bool operator==(const content_range&, const content_range&) = default;
};

/// What to send for a Range header (empty: there was none).
content_range choose_range(std::string_view header, uint64_t size);

/// 200, 206 or 416.
int status_of(range_kind kind);

/// The value of `Content-Range`: "bytes 0-9/100", or "bytes */100" where nothing can be sent. Empty
/// for the whole.
std::string header_of(const content_range& range);

} // namespace perennial::http
