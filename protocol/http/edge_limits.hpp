// What the service's edge lets a client do, in one place. The configuration overrides these.
#pragma once

#include "protocol/base/bytes.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace perennial::http {

/// How slowly bytes may come or go. A peer may lag by `grace`; every `bytes_per_second` bytes that
/// it moves win it back a second of it, never more than `grace` in all.
struct min_rate {
  uint64_t bytes_per_second = 1 * kib;
  std::chrono::milliseconds grace{5000};
};

struct edge_limits {
  // ---- heads ----
  uint64_t head_bytes = 32 * kib; ///< Request line and headers: beyond, 431.
  size_t header_lines = 100;      ///< Beyond, 431.
  size_t target_bytes = 8000;     ///< Path and query: beyond, 414. httplib's is 8192.
  size_t path_bytes = 1024;       ///< The path alone: std::regex recurses over it.
  std::chrono::milliseconds head_deadline{5000};  ///< From a head's first byte to its end: 408.
  std::chrono::milliseconds idle_deadline{60000}; ///< Between two requests.

  // ---- bodies ----
  /// The most that a body may have on a route that is not streaming: beyond, 413. Bodies up to this
  /// size are gathered by the parker, so that one that drips holds no thread.
  uint64_t small_body_bytes = 1 * mib;
  std::chrono::milliseconds small_body_deadline{30000}; ///< From its first byte to its last: 408.
  /// Heads, small bodies and unsent answers of all connections together: beyond, 503.
  uint64_t buffered_bytes = 64 * mib;
  min_rate receive; ///< Of bodies, small and streamed.
  min_rate send;    ///< Of answers and downloads.

  // ---- connections and threads ----
  size_t connections =
    4096; ///< When reached, the longest idle one gives way; if none is idle, 503.
  /// An idle connection is not closed for a newcomer before it has been idle for this long.
  std::chrono::milliseconds evict_idle_after{1000};
  int backlog = 1024;         ///< Of the listening socket; the kernel may cap it.
  size_t request_threads = 8; ///< For requests that are whole. They never wait for the network.
  size_t upload_threads = 32; ///< Streamed bodies at once: beyond, 503.
  size_t slow_threads = 256;  ///< Downloads and long polls at once: beyond, 503.
  std::chrono::seconds retry_after{2}; ///< What a 503 says.
};

/// Raises this process's soft limit of open files to `wanted`, as far as the hard limit lets it.
/// Returns the limit then in force.
uint64_t raise_open_file_limit(uint64_t wanted);

} // namespace perennial::http
