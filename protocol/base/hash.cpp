#include "protocol/base/hash.hpp"

#include <openssl/evp.h>
#include <openssl/sha.h>

#include <algorithm>

namespace perennial {

sha256_digest sha256(std::string_view bytes) {
  sha256_digest out;
  SHA256(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), out.data());
  return out;
}

hash128 hash_128(std::string_view bytes) {
  const auto full = sha256(bytes);
  hash128 out;
  std::copy_n(full.begin(), out.size(), out.begin());
  return out;
}

std::string to_hex(const uint8_t* data, size_t size) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string out;
  out.reserve(size * 2);
  for (size_t i = 0; i < size; ++i) {
    out.push_back(digits[data[i] >> 4]);
    out.push_back(digits[data[i] & 15]);
  }
  return out;
}

struct sha256_stream::impl {
  EVP_MD_CTX* ctx = EVP_MD_CTX_new();
  ~impl() { EVP_MD_CTX_free(ctx); }
};

sha256_stream::sha256_stream()
  : impl_(std::make_unique<impl>()) {
  EVP_DigestInit_ex(impl_->ctx, EVP_sha256(), nullptr);
}
sha256_stream::~sha256_stream() = default;
sha256_stream::sha256_stream(sha256_stream&&) noexcept = default;
sha256_stream& sha256_stream::operator=(sha256_stream&&) noexcept = default;

void sha256_stream::update(std::string_view bytes) {
  EVP_DigestUpdate(impl_->ctx, bytes.data(), bytes.size());
}

sha256_digest sha256_stream::finish() {
  sha256_digest out;
  unsigned size = 0;
  EVP_DigestFinal_ex(impl_->ctx, out.data(), &size);
  return out;
}

} // namespace perennial
