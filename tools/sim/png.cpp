// PNG (ISO/IEC 15948): signature, then chunks of length, type, data and CRC-32. The picture is one
// IDAT chunk: a zlib stream (RFC 1950) of a single stored block (RFC 1951 §3.2.4).
#include "tools/sim/png.hpp"

#include "tools/sim/hash64.hpp"

#include <string_view>

namespace perennial::sim {

namespace {

constexpr uint32_t side = 8;

void append_be32(std::string& out, uint32_t n) {
  for (int shift = 24; shift >= 0; shift -= 8) out.push_back(static_cast<char>(n >> shift & 0xff));
}

uint32_t crc32(std::string_view bytes) {
  uint32_t crc = ~0u;
  for (const char c : bytes) {
    crc ^= static_cast<unsigned char>(c);
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0u);
  }
  return ~crc;
}

uint32_t adler32(std::string_view bytes) {
  uint32_t a = 1;
  uint32_t b = 0;
  for (const char c : bytes) {
    a = (a + static_cast<unsigned char>(c)) % 65521;
    b = (b + a) % 65521;
  }
  return b << 16 | a;
}

void append_chunk(std::string& out, std::string_view type, std::string_view data) {
  append_be32(out, static_cast<uint32_t>(data.size()));
  const size_t start = out.size();
  out.append(type).append(data);
  append_be32(out, crc32(std::string_view(out).substr(start)));
}

/// The rows: a filter byte (0, none), then red, green and blue of each pixel.
std::string pixels(uint64_t seed) {
  std::string rows;
  for (uint32_t y = 0; y < side; ++y) {
    rows.push_back(0);
    for (uint32_t x = 0; x < side; ++x) {
      const uint64_t colour = mix64(seed ^ (y * side + x));
      for (int i = 0; i < 3; ++i) rows.push_back(static_cast<char>(colour >> (8 * i) & 0xff));
    }
  }
  return rows;
}

std::string stored_zlib(std::string_view data) {
  const auto size = static_cast<uint16_t>(data.size());
  std::string out("\x78\x01\x01", 3); // window 32 KiB, no dictionary; last block, stored
  for (const uint16_t n : {size, static_cast<uint16_t>(~size)}) {
    out.push_back(static_cast<char>(n & 0xff));
    out.push_back(static_cast<char>(n >> 8));
  }
  out.append(data);
  append_be32(out, adler32(data));
  return out;
}

} // namespace

std::string tiny_png(uint64_t seed) {
  std::string header;
  append_be32(header, side);
  append_be32(header, side);
  header.append("\x08\x02\x00\x00\x00", 5); // 8 bits, RGB, deflate, adaptive filters, no interlace
  std::string out("\x89PNG\r\n\x1a\n", 8);
  append_chunk(out, "IHDR", header);
  append_chunk(out, "IDAT", stored_zlib(pixels(seed)));
  append_chunk(out, "IEND", {});
  return out;
}

} // namespace perennial::sim
