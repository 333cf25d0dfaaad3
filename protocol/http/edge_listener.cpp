#include "protocol/http/edge_listener.hpp"

#include "protocol/http/edge_connection.hpp"

#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <memory>

namespace perennial::http {

result<listener> listener::open(const std::string& host, uint16_t port, int backlog) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const auto failed = ::getaddrinfo(host.empty() ? nullptr : host.c_str(),
                                    std::to_string(port).c_str(), &hints, &found);
  if (failed != 0)
    return fail(errc::invalid_input, "cannot listen on \"{}\": {}", host, ::gai_strerror(failed));
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> addresses{found, &::freeaddrinfo};

  auto reason = EADDRNOTAVAIL;
  for (const auto* at = addresses.get(); at != nullptr; at = at->ai_next) {
    unique_fd socket{::socket(at->ai_family, at->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
    const int on = 1;
    if (socket) ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (!socket || ::bind(socket.get(), at->ai_addr, at->ai_addrlen) != 0 ||
        ::listen(socket.get(), backlog) != 0) {
      reason = errno;
      continue;
    }
    listener out;
    out.port_ = static_cast<uint16_t>(local_address(socket.get()).port);
    out.socket_ = std::move(socket);
    return out;
  }
  const auto kind = reason == EADDRINUSE ? errc::conflict : errc::io_error;
  return fail(kind, "cannot listen on {}:{}: {}", host, port, std::strerror(reason));
}

accepted listener::take() {
  const auto fd = ::accept4(socket_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (fd >= 0) return {accept_status::taken, unique_fd{fd}};
  switch (errno) {
  case EAGAIN: return {accept_status::none, {}};
  case EINTR:
  case EPERM: // a firewall's rule
  case EPROTO:
  case ECONNABORTED: return {accept_status::lost, {}};
  default: return {accept_status::out_of_files, {}}; // EMFILE, ENFILE, ENOBUFS, ENOMEM
  }
}

} // namespace perennial::http
