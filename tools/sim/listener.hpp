// The address that the provider listens on, which it can leave and take again: during an outage
// nobody listens, connections are refused, and yet no other process can get the port.
//
// A reservation holds the port with a bound socket that never listens. Every loop opens a listening
// socket of its own beside it (SO_REUSEPORT), and the kernel spreads connections over them.
#pragma once

#include "protocol/base/error.hpp"
#include "protocol/base/unique_fd.hpp"

#include <sys/socket.h>

#include <cstdint>
#include <string>

namespace perennial::sim {

class reserved_address {
public:
  /// Binds `host` (a literal IPv4 or IPv6 address) and `port`; 0 takes any free one.
  static result<reserved_address> take(const std::string& host, uint16_t port);

  uint16_t port() const { return port_; }
  /// As it stands in a URL: IPv6 in brackets.
  std::string url_host() const;

  /// A new non-blocking socket that listens there.
  result<unique_fd> listen() const;

private:
  result<unique_fd> bind_socket() const;

  std::string host_;
  uint16_t port_ = 0;
  sockaddr_storage address_{};
  socklen_t address_size_ = 0;
  unique_fd reservation_;
};

} // namespace perennial::sim
