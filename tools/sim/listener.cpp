#include "tools/sim/listener.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <cerrno>
#include <cstring>
#include <system_error>

namespace perennial::sim {

namespace {

constexpr int backlog = 4096;

void turn_on(int fd, int level, int option) {
  const int one = 1;
  ::setsockopt(fd, level, option, &one, sizeof one);
}

std::string problem() { return std::generic_category().message(errno); }

sockaddr* as_sockaddr(sockaddr_storage& a) { return reinterpret_cast<sockaddr*>(&a); }
const sockaddr* as_sockaddr(const sockaddr_storage& a) {
  return reinterpret_cast<const sockaddr*>(&a);
}

/// Where the port stands inside either kind of address.
in_port_t& port_of(sockaddr_storage& a) {
  return a.ss_family == AF_INET6 ? reinterpret_cast<sockaddr_in6&>(a).sin6_port
                                 : reinterpret_cast<sockaddr_in&>(a).sin_port;
}

/// The literal address, with port 0; its size, or 0 for what is no address.
socklen_t read_address(const std::string& host, sockaddr_storage& out) {
  auto& v4 = reinterpret_cast<sockaddr_in&>(out);
  auto& v6 = reinterpret_cast<sockaddr_in6&>(out);
  if (::inet_pton(AF_INET, host.c_str(), &v4.sin_addr) == 1) {
    out.ss_family = AF_INET;
    return sizeof v4;
  }
  if (::inet_pton(AF_INET6, host.c_str(), &v6.sin6_addr) == 1) {
    out.ss_family = AF_INET6;
    return sizeof v6;
  }
  return 0;
}

/// Whether somebody listens there already; SO_REUSEPORT alone would let us share it unnoticed.
bool is_taken(const sockaddr_storage& address, socklen_t size) {
  const unique_fd probe(::socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  turn_on(probe.get(), SOL_SOCKET, SO_REUSEADDR);
  return ::bind(probe.get(), as_sockaddr(address), size) != 0 && errno == EADDRINUSE;
}

} // namespace

result<reserved_address> reserved_address::take(const std::string& host, uint16_t port) {
  reserved_address out;
  out.host_ = host;
  out.address_size_ = read_address(host, out.address_);
  if (out.address_size_ == 0)
    return fail(errc::invalid_input,
                "\"{}\" is not an address to listen on; give one as 127.0.0.1 or ::1", host);
  port_of(out.address_) = htons(port);
  if (port != 0 && is_taken(out.address_, out.address_size_))
    return fail(errc::conflict, "port {} of {} is taken; choose another, or 0 for any", port, host);
  auto socket = out.bind_socket();
  if (!socket) return tl::unexpected(socket.error());
  out.reservation_ = std::move(*socket);
  ::getsockname(out.reservation_.get(), as_sockaddr(out.address_), &out.address_size_);
  out.port_ = ntohs(port_of(out.address_));
  return out;
}

std::string reserved_address::url_host() const {
  return address_.ss_family == AF_INET6 ? "[" + host_ + "]" : host_;
}

result<unique_fd> reserved_address::bind_socket() const {
  unique_fd fd(::socket(address_.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  turn_on(fd.get(), SOL_SOCKET, SO_REUSEADDR);
  turn_on(fd.get(), SOL_SOCKET, SO_REUSEPORT);
  turn_on(fd.get(), IPPROTO_TCP, TCP_NODELAY); // accepted sockets inherit it
  if (!fd || ::bind(fd.get(), as_sockaddr(address_), address_size_) != 0)
    return fail(errc::unavailable, "cannot bind {}: {}", host_, problem());
  return fd;
}

result<unique_fd> reserved_address::listen() const {
  auto fd = bind_socket();
  if (fd && ::listen(fd->get(), backlog) != 0)
    return fail(errc::unavailable, "cannot listen on {} port {}: {}", host_, port_, problem());
  return fd;
}

} // namespace perennial::sim
