// Amounts of memory and disk, read from and shown to people.
#pragma once

#include "protocol/base/error.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace perennial {

inline constexpr uint64_t kib = 1024;
inline constexpr uint64_t mib = 1024 * kib;
inline constexpr uint64_t gib = 1024 * mib;

/// Reads "512MiB", "512 MiB", "1.5GiB", "64k", "100MB" or "1048576". The powers of two (k, K, KiB,
/// M, MiB, G, GiB, T, TiB) and of ten (kB, MB, GB, TB) are told apart.
result<uint64_t> parse_bytes(std::string_view text);

/// "0 B", "12.3 KiB", "512 MiB", "1.5 GiB".
std::string format_bytes(uint64_t n);

} // namespace perennial
