#include "tests/support/raw_client.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <stdexcept>

namespace perennial::test {

raw_client::raw_client(uint16_t port, int receive_buffer)
  : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  if (!socket_) throw std::runtime_error("no socket");
  if (receive_buffer > 0)
    ::setsockopt(fd(), SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
  const int on = 1;
  ::setsockopt(fd(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(port);
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(fd(), reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0)
    throw std::runtime_error("cannot connect");
}

bool raw_client::send(std::string_view bytes) {
  while (!bytes.empty()) {
    pollfd what{fd(), POLLIN | POLLOUT, 0};
    if (::poll(&what, 1, patience_ms) <= 0) return false;
    if ((what.revents & (POLLIN | POLLERR)) != 0) return false;
    const auto n = ::send(fd(), bytes.data(), std::min<size_t>(bytes.size(), 256 * 1024),
                          MSG_NOSIGNAL | MSG_DONTWAIT);
    if (n < 0 && errno != EAGAIN) return false;
    if (n > 0) bytes.remove_prefix(static_cast<size_t>(n));
  }
  return true;
}

bool raw_client::send_now(std::string_view bytes) {
  const auto n = ::send(fd(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  return n >= 0 || errno == EAGAIN;
}

void raw_client::end_sending() { ::shutdown(fd(), SHUT_WR); }

void raw_client::reset() {
  const linger now{1, 0};
  ::setsockopt(fd(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
  socket_.reset();
}

bool raw_client::receive_more() {
  std::array<char, 65536> buffer;
  pollfd what{fd(), POLLIN, 0};
  if (::poll(&what, 1, patience_ms) <= 0) return false;
  const auto n = ::recv(fd(), buffer.data(), buffer.size(), 0);
  if (n <= 0) return false;
  received_.append(buffer.data(), static_cast<size_t>(n));
  return true;
}

raw_answer raw_client::answer(bool to_head, bool interim) {
  raw_answer out;
  size_t end = 0;
  while ((end = received_.find("\r\n\r\n")) == std::string::npos)
    if (!receive_more()) return out;
  const auto head = received_.substr(0, end);
  received_.erase(0, end + 4);
  out.status = std::stoi(head.substr(9, 3));
  for (auto at = head.find("\r\n"); at != std::string::npos;) {
    const auto next = head.find("\r\n", at + 2);
    const auto line = head.substr(at + 2, next == std::string::npos ? next : next - at - 2);
    const auto colon = line.find(": ");
    auto name = line.substr(0, colon);
    std::ranges::transform(name, name.begin(), [](unsigned char c) { return std::tolower(c); });
    if (out.headers.contains(name)) throw std::runtime_error("the answer has " + name + " twice");
    out.headers[name] = line.substr(colon + 2);
    at = next;
  }
  if (out.status == 100) return interim ? out : answer(to_head);
  if (to_head) {
    out.whole = true;
  } else if (out.headers.contains("content-length")) {
    const auto length = std::stoul(out.headers["content-length"]);
    while (received_.size() < length && receive_more()) {
    }
    out.whole = received_.size() >= length;
    out.body = received_.substr(0, length);
    received_.erase(0, length);
  } else if (out.headers.contains("transfer-encoding")) {
    for (;;) {
      size_t line = 0;
      while ((line = received_.find("\r\n")) == std::string::npos)
        if (!receive_more()) return out;
      const auto length = std::stoul(received_.substr(0, line), nullptr, 16);
      while (received_.size() < line + 2 + length + 2)
        if (!receive_more()) return out;
      out.body += received_.substr(line + 2, length);
      received_.erase(0, line + 2 + length + 2);
      if (length == 0) break;
    }
    out.whole = true;
  } else {
    while (receive_more()) {
    }
    out.body = std::move(received_);
    out.whole = true;
  }
  return out;
}

bool raw_client::closed_by_server() {
  std::array<char, 65536> buffer;
  for (;;) {
    pollfd what{fd(), POLLIN, 0};
    if (::poll(&what, 1, patience_ms) <= 0) return false;
    if (::recv(fd(), buffer.data(), buffer.size(), 0) <= 0) return true;
  }
}

std::string request(std::string_view method, std::string_view target, std::string_view headers,
                    std::string_view body) {
  std::string out;
  out.append(method).append(" ").append(target).append(" HTTP/1.1\r\nHost: localhost\r\n");
  if (!body.empty())
    out.append("Content-Length: ").append(std::to_string(body.size())).append("\r\n");
  return out.append(headers).append("\r\n").append(body);
}

} // namespace perennial::test
