// The listening socket: binds, listens, and takes connections without ever waiting.
#pragma once

#include "protocol/base/error.hpp"
#include "protocol/base/unique_fd.hpp"

#include <cstdint>
#include <string>

namespace perennial::http {

enum class accept_status : uint8_t {
  taken,
  none,         ///< Nobody waits.
  lost,         ///< That one is gone already: take the next.
  out_of_files, ///< No descriptor or no memory for one more: make room or come back later.
};

struct accepted {
  accept_status status = accept_status::none;
  unique_fd socket; ///< Non-blocking, closed on exec.
};

class listener {
public:
  /// `host` is a name or an address; port 0 takes any free one. Never shares a port with another
  /// process.
  static result<listener> open(const std::string& host, uint16_t port, int backlog);

  accepted take();

  uint16_t port() const { return port_; }
  int descriptor() const { return socket_.get(); }
  bool is_open() const { return static_cast<bool>(socket_); }
  void close() { socket_.reset(); }

private:
  unique_fd socket_;
  uint16_t port_ = 0;
};

} // namespace perennial::http
