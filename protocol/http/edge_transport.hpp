// The bytes below HTTP: a socket that never blocks, plain here, TLS where somebody adds it. Knows
// nothing of requests. Not thread-safe, but for `cut`.
#pragma once

#include "protocol/base/unique_fd.hpp"

#include <cstddef>
#include <memory>

namespace perennial::http {

enum class io_status : unsigned char {
  done,        ///< `bytes` were moved, at least one.
  wants_read,  ///< Try again when the descriptor is readable.
  wants_write, ///< Try again when it is writable.
  ended,       ///< The peer will send nothing more.
  failed,      ///< The connection is gone.
};

struct io_result {
  io_status status = io_status::failed;
  size_t bytes = 0;
};

class transport {
public:
  virtual ~transport() = default;
  virtual io_result receive(char* to, size_t size) = 0;
  virtual io_result send(const char* from, size_t size) = 0;
  /// Says that we send nothing more.
  virtual void end_sending() = 0;
  /// Ends both directions; may be called from any thread. The descriptor stays ours until the end.
  virtual void cut() = 0;
  virtual int descriptor() const = 0;
};

/// Takes a connected socket and makes it non-blocking, without Nagle's delay.
std::unique_ptr<transport> make_plain_transport(unique_fd socket);

} // namespace perennial::http
