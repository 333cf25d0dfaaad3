#include "protocol/http/edge_transport.hpp"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>

namespace perennial::http {

namespace {

class plain_transport : public transport {
public:
  explicit plain_transport(unique_fd socket)
    : socket_(std::move(socket)) {}

  io_result receive(char* to, size_t size) override {
    for (;;) {
      const auto n = ::recv(socket_.get(), to, size, 0);
      if (n > 0) return {io_status::done, static_cast<size_t>(n)};
      if (n == 0) return {io_status::ended, 0};
      if (errno == EINTR) continue;
      return {would_block() ? io_status::wants_read : io_status::failed, 0};
    }
  }

  io_result send(const char* from, size_t size) override {
    for (;;) {
      const auto n = ::send(socket_.get(), from, size, MSG_NOSIGNAL);
      if (n > 0) return {io_status::done, static_cast<size_t>(n)};
      if (n < 0 && errno == EINTR) continue;
      return {n < 0 && would_block() ? io_status::wants_write : io_status::failed, 0};
    }
  }

  void end_sending() override { ::shutdown(socket_.get(), SHUT_WR); }
  void cut() override { ::shutdown(socket_.get(), SHUT_RDWR); }
  int descriptor() const override { return socket_.get(); }

private:
  static bool would_block() { return errno == EAGAIN; }

  unique_fd socket_;
};

} // namespace

std::unique_ptr<transport> make_plain_transport(unique_fd socket) {
  const auto flags = ::fcntl(socket.get(), F_GETFL);
  if ((flags & O_NONBLOCK) == 0) ::fcntl(socket.get(), F_SETFL, flags | O_NONBLOCK);
  const int on = 1;
  ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return std::make_unique<plain_transport>(std::move(socket));
}

} // namespace perennial::http
