#include "protocol/http/edge_request_id.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <random>

namespace perennial::http {

std::string new_request_id() {
  static std::atomic<uint64_t> counter{[] {
    std::random_device random;
    return uint64_t{random()} << 32 | random();
  }()};
  // splitmix64: a bijection, so that different counts give different ids.
  auto x = counter.fetch_add(0x9e3779b97f4a7c15, std::memory_order_relaxed);
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return fmt::format("req_{:016x}", x ^ (x >> 31));
}

std::string choose_request_id(const std::string* from_client) {
  if (from_client == nullptr || from_client->empty() || from_client->size() > 64)
    return new_request_id();
  const auto good = std::ranges::all_of(*from_client, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
  });
  return good ? *from_client : new_request_id();
}

} // namespace perennial::http
