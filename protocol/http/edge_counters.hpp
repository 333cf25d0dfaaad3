// What the edge counts. Written by its threads, read by anyone (`/metrics`); each number is right
// by itself, they are not of one moment.
#pragma once

#include "protocol/http/edge_refusal.hpp"

#include <array>
#include <atomic>
#include <cstdint>

namespace perennial::http {

struct edge_counters {
  // ---- now ----
  std::atomic<uint64_t> connections{0};    ///< Open, whatever they do.
  std::atomic<uint64_t> parked{0};         ///< Open and idle: no byte of a request has come.
  std::atomic<uint64_t> buffered_bytes{0}; ///< Heads, small bodies and unsent answers.
  std::atomic<uint64_t> uploads{0};
  std::atomic<uint64_t> slow{0}; ///< Downloads and long polls.

  // ---- since the start ----
  std::atomic<uint64_t> accepted{0};
  std::atomic<uint64_t> requests{0}; ///< Given to a handler.
  std::atomic<uint64_t> bytes_in{0};
  std::atomic<uint64_t> bytes_out{0};
  std::atomic<uint64_t> handler_exceptions{0};
  std::atomic<uint64_t> evicted{0};      ///< Idle connections closed to make room.
  std::atomic<uint64_t> out_of_files{0}; ///< Times that accept found no file descriptor.
  std::array<std::atomic<uint64_t>, refusal_reasons> refused{}; ///< By `refusal_reason`.

  void count(refusal_reason reason) {
    refused[static_cast<size_t>(reason)].fetch_add(1, std::memory_order_relaxed);
  }
  uint64_t refusals(refusal_reason reason) const {
    return refused[static_cast<size_t>(reason)].load(std::memory_order_relaxed);
  }
};

inline void add(std::atomic<uint64_t>& counter, uint64_t n) {
  counter.fetch_add(n, std::memory_order_relaxed);
}

} // namespace perennial::http
