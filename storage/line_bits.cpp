#include "storage/line_bits.hpp"

#include <algorithm>
#include <bit>

namespace perennial::storage {

void line_bits::set_first(uint32_t count) noexcept {
  const auto whole = count / 64;
  std::fill_n(words_.begin(), whole, ~uint64_t{0});
  if (count % 64 != 0) words_[whole] |= (uint64_t{1} << (count % 64)) - 1;
}

void line_bits::invert() noexcept {
  for (auto& word : words_) word = ~word;
}

line_bits& line_bits::operator|=(const line_bits& other) noexcept {
  for (size_t i = 0; i < words_.size(); ++i) words_[i] |= other.words_[i];
  return *this;
}

line_bits& line_bits::operator&=(const line_bits& other) noexcept {
  for (size_t i = 0; i < words_.size(); ++i) words_[i] &= other.words_[i];
  return *this;
}

uint32_t line_bits::count() const noexcept {
  uint32_t n = 0;
  for (const auto word : words_) n += static_cast<uint32_t>(std::popcount(word));
  return n;
}

uint32_t line_bits::first_unset(uint32_t from, uint32_t limit) const noexcept {
  while (from < limit) {
    const auto unset = ~words_[from >> 6] >> (from & 63);
    if (unset != 0) return std::min(limit, from + static_cast<uint32_t>(std::countr_zero(unset)));
    from = (from | 63) + 1;
  }
  return limit;
}

std::string line_bits::encode() const {
  std::string out;
  out.reserve(segment_lines / 8);
  for (const auto word : words_) {
    for (unsigned shift = 0; shift < 64; shift += 8)
      out.push_back(static_cast<char>(word >> shift));
  }
  out.resize(out.find_last_not_of('\0') + 1); // npos + 1 is 0
  return out;
}

result<line_bits> line_bits::decode(std::string_view bytes) {
  if (bytes.size() > segment_lines / 8) {
    return fail(errc::corrupt, "a segment's bits have {} bytes, at most {} are possible",
                bytes.size(), segment_lines / 8);
  }
  line_bits out;
  for (size_t i = 0; i < bytes.size(); ++i) {
    out.words_[i / 8] |= uint64_t{static_cast<uint8_t>(bytes[i])} << (i % 8 * 8);
  }
  return out;
}

} // namespace perennial::storage
