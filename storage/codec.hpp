// How numbers and strings become bytes on disk, for every value but `output` and `pages`' bytes.
//
//   u8, u16, u32, u64   big-endian
//   string              u32 length · the bytes
//   bytes               as they are; their count is known from the grammar
//
// A value begins with a version byte. The decoder never reads past the end: after the first thing
// that does not fit it yields zeros, and `finish` says what was wrong and where.
#pragma once

#include "protocol/base/error.hpp"

#include <bit>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>

namespace perennial::storage {

/// Writes `value` big-endian at `to`, which has room for it.
template <class T>
void put_big_endian(char* to, T value) noexcept {
  static_assert(std::is_unsigned_v<T>);
  for (size_t i = 0; i < sizeof(T); ++i) {
    to[i] = static_cast<char>(value >> (8 * (sizeof(T) - 1 - i)));
  }
}

/// Reads a big-endian number at `from`, which has that many bytes.
template <class T>
T get_big_endian(const char* from) noexcept {
  static_assert(std::is_unsigned_v<T>);
  uint64_t value = 0;
  for (size_t i = 0; i < sizeof(T); ++i) value = value << 8 | static_cast<uint8_t>(from[i]);
  return static_cast<T>(value);
}

/// Builds one value.
class encoder {
public:
  explicit encoder(uint8_t version) { u8(version); }

  encoder& u8(uint8_t v) { return number(v); }
  encoder& u16(uint16_t v) { return number(v); }
  encoder& u32(uint32_t v) { return number(v); }
  encoder& u64(uint64_t v) { return number(v); }
  encoder& string(std::string_view s) {
    u32(static_cast<uint32_t>(s.size()));
    return bytes(s);
  }
  encoder& bytes(std::string_view s) {
    out_.append(s);
    return *this;
  }
  encoder& bytes(std::span<const uint8_t> s) {
    return bytes({reinterpret_cast<const char*>(s.data()), s.size()});
  }

  std::string take() { return std::move(out_); }

private:
  template <class T>
  encoder& number(T v) {
    char b[sizeof(T)];
    put_big_endian(b, v);
    out_.append(b, sizeof b);
    return *this;
  }
  std::string out_;
};

/// Reads one value. `what` names it in errors and must outlive the decoder, as the bytes must.
class decoder {
public:
  /// Reads the version byte; one above `newest` or below `oldest` makes `finish` fail.
  decoder(std::string_view what, std::string_view value, uint8_t newest, uint8_t oldest = 0);

  uint8_t version() const noexcept { return version_; }

  uint8_t u8() { return number<uint8_t>(); }
  uint16_t u16() { return number<uint16_t>(); }
  uint32_t u32() { return number<uint32_t>(); }
  uint64_t u64() { return number<uint64_t>(); }
  std::string string() { return std::string{bytes(u32())}; }
  std::string_view bytes(size_t count);
  void bytes(std::span<uint8_t> to);
  /// Everything that is left.
  std::string_view rest() { return bytes(value_.size() - at_); }
  /// A number between `lowest` and `highest`, as an enum or a bool.
  template <class T>
  T choice(uint8_t lowest, uint8_t highest) {
    const auto v = u8();
    if (!failed() && (v < lowest || v > highest)) refuse(fmt::format("{} is not known there", v));
    return static_cast<T>(failed() ? lowest : v);
  }

  bool failed() const noexcept { return !problem_.empty(); }
  /// Fails with errc::corrupt when something did not fit, or when bytes are left over.
  result<void> finish();

private:
  template <class T>
  T number() {
    const auto b = bytes(sizeof(T));
    return b.size() == sizeof(T) ? get_big_endian<T>(b.data()) : T{0};
  }
  void refuse(std::string problem);

  std::string_view what_;
  std::string_view value_;
  size_t at_ = 0;
  uint8_t version_ = 0;
  std::string problem_;
};

} // namespace perennial::storage
