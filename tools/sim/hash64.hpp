// A fast 64-bit hash with a seed (MurmurHash64A's scheme), for prompts' identities and for dice
// that fall the same way each time. Not for anything that somebody might attack.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

namespace perennial::sim {

/// Spreads the bits of one number (the finisher of SplitMix64).
constexpr uint64_t mix64(uint64_t x) {
  x += 0x9e3779b97f4a7c15u;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

inline uint64_t hash64(std::string_view bytes, uint64_t seed = 0) {
  constexpr uint64_t m = 0xc6a4a7935bd1e995u;
  uint64_t h = seed ^ (bytes.size() * m);
  const char* at = bytes.data();
  size_t left = bytes.size();
  for (; left >= 8; at += 8, left -= 8) {
    uint64_t k;
    std::memcpy(&k, at, 8);
    k *= m;
    k ^= k >> 47;
    h = (h ^ (k * m)) * m;
  }
  uint64_t tail = 0;
  if (left != 0) std::memcpy(&tail, at, left);
  return mix64(h ^ tail);
}

/// A hash as a fraction in [0, 1).
constexpr double fraction(uint64_t hash) { return static_cast<double>(hash >> 11) * 0x1.0p-53; }

} // namespace perennial::sim
