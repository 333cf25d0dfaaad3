// SHA-256 (OpenSSL's), whole and in pieces. Hashes that decide equality on disk use it because job
// files are not trusted: nobody can make two custom_ids collide on purpose.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace perennial {

using sha256_digest = std::array<uint8_t, 32>;
using hash128 = std::array<uint8_t, 16>;

sha256_digest sha256(std::string_view bytes);

/// The first 16 bytes of the SHA-256.
hash128 hash_128(std::string_view bytes);

/// Lower-case hexadecimal.
std::string to_hex(const uint8_t* data, size_t size);

template <size_t N>
std::string to_hex(const std::array<uint8_t, N>& bytes) {
  return to_hex(bytes.data(), N);
}

/// SHA-256 of bytes that come in pieces. Not thread-safe.
class sha256_stream {
public:
  sha256_stream();
  ~sha256_stream();
  sha256_stream(sha256_stream&&) noexcept;
  sha256_stream& operator=(sha256_stream&&) noexcept;

  void update(std::string_view bytes);
  /// Ends the stream; call once.
  sha256_digest finish();

private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

} // namespace perennial
