#include "protocol/provider/secret.hpp"

#include <openssl/crypto.h>

#include <algorithm>
#include <cstring>

namespace perennial {

void secret::hide_in(std::string& text) const {
  constexpr size_t least = 8;
  if (text_.size() < least) return;
  char* at = text.data();
  size_t left = text.size();
  while (void* found = ::memmem(at, left, text_.data(), text_.size())) {
    char* const begin = static_cast<char*>(found);
    std::fill_n(begin, text_.size(), '*');
    left -= static_cast<size_t>(begin - at) + text_.size();
    at = begin + text_.size();
  }
}

void secret::wipe(std::string& text) noexcept {
  if (!text.empty()) OPENSSL_cleanse(text.data(), text.size());
}

} // namespace perennial
