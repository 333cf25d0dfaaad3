#include "protocol/http/edge_connection.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>

namespace perennial::http {

namespace {

endpoint_address describe(const sockaddr_storage& address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (address.ss_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(address);
    ::inet_ntop(AF_INET, &v4.sin_addr, text.data(), text.size());
    return {text.data(), ntohs(v4.sin_port)};
  }
  if (address.ss_family == AF_INET6) {
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(address);
    ::inet_ntop(AF_INET6, &v6.sin6_addr, text.data(), text.size());
    return {text.data(), ntohs(v6.sin6_port)};
  }
  return {};
}

} // namespace

flush_outcome flush(connection& c, edge_counters& counters) {
  while (c.sent < c.out.size()) {
    const auto [status, bytes] = c.io->send(c.out.data() + c.sent, c.out.size() - c.sent);
    if (status == io_status::wants_write || status == io_status::wants_read)
      return flush_outcome::blocked;
    if (status != io_status::done) return flush_outcome::failed;
    c.sent += bytes;
    c.sending.moved(bytes);
    add(counters.bytes_out, bytes);
  }
  c.sent = 0;
  constexpr size_t kept_capacity = 1024;
  if (c.out.capacity() > kept_capacity) {
    std::string{}.swap(c.out);
  } else {
    c.out.clear();
  }
  return flush_outcome::sent;
}

endpoint_address remote_address(int socket) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (::getpeername(socket, reinterpret_cast<sockaddr*>(&address), &size) != 0) return {};
  return describe(address);
}

endpoint_address local_address(int socket) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size) != 0) return {};
  return describe(address);
}

} // namespace perennial::http
