// One bit for each line of a segment: which lines have a result, or belong to a selection.
//
// On disk (part 5 of a batch): low bit of the first byte first, trailing zero bytes left out.
#pragma once

#include "protocol/base/error.hpp"
#include "storage/ids.hpp"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace perennial::storage {

/// A line's place in its segment.
constexpr uint32_t place_in_segment(line_no line) {
  return static_cast<uint32_t>(line % segment_lines);
}

/// How many of a file's `lines` lie in `segment`.
constexpr uint32_t lines_in_segment(uint64_t lines, uint32_t segment) {
  const auto first = uint64_t{segment} * segment_lines;
  if (first >= lines) return 0;
  return static_cast<uint32_t>(lines - first < segment_lines ? lines - first : segment_lines);
}

/// How many segments a file of `lines` has.
constexpr uint32_t segments_of(uint64_t lines) {
  return static_cast<uint32_t>((lines + segment_lines - 1) / segment_lines);
}

class line_bits {
public:
  bool test(uint32_t place) const noexcept { return (words_[place >> 6] >> (place & 63)) & 1; }

  /// Sets the bit; returns whether it was not set before.
  bool set(uint32_t place) noexcept {
    auto& word = words_[place >> 6];
    const auto bit = uint64_t{1} << (place & 63);
    const bool fresh = (word & bit) == 0;
    word |= bit;
    return fresh;
  }

  /// Sets the first `count` bits.
  void set_first(uint32_t count) noexcept;
  /// Turns every bit over.
  void invert() noexcept;
  line_bits& operator|=(const line_bits& other) noexcept;
  line_bits& operator&=(const line_bits& other) noexcept;

  uint32_t count() const noexcept;
  /// The first place from `from` on, below `limit`, whose bit is not set; `limit` if there is none.
  uint32_t first_unset(uint32_t from, uint32_t limit) const noexcept;

  std::string encode() const;
  static result<line_bits> decode(std::string_view bytes);

  friend bool operator==(const line_bits&, const line_bits&) = default;

private:
  std::array<uint64_t, segment_lines / 64> words_{};
};

} // namespace perennial::storage
