#include "tools/sim/channel.hpp"

#include <openssl/err.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <climits>

namespace perennial::sim {

namespace {

/// What a plain recv or send came to. `wait` is what EAGAIN means for it.
channel::moved plain_outcome(ssize_t n, channel::outcome wait) {
  if (n > 0) return {channel::outcome::some, static_cast<size_t>(n)};
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return {wait, 0};
  return {channel::outcome::over, 0};
}

int clamp(size_t n) { return static_cast<int>(std::min<size_t>(n, INT_MAX)); }

} // namespace

channel::channel(unique_fd socket, SSL_CTX* tls)
  : socket_(std::move(socket)) {
  if (tls == nullptr) return;
  ssl_.reset(SSL_new(tls));
  SSL_set_fd(ssl_.get(), socket_.get());
  SSL_set_accept_state(ssl_.get());
}

channel::moved channel::tls_outcome(int n) {
  if (n > 0) return {outcome::some, static_cast<size_t>(n)};
  switch (SSL_get_error(ssl_.get(), n)) {
  case SSL_ERROR_WANT_READ: return {outcome::wait, 0};
  case SSL_ERROR_WANT_WRITE: return {outcome::wait_writer, 0};
  default: return {outcome::over, 0};
  }
}

channel::moved channel::read(std::span<char> into) {
  if (!ssl_) return plain_outcome(::recv(fd(), into.data(), into.size(), 0), outcome::wait);
  ERR_clear_error();
  return tls_outcome(SSL_read(ssl_.get(), into.data(), clamp(into.size())));
}

channel::moved channel::write(std::string_view bytes) {
  if (!ssl_)
    return plain_outcome(::send(fd(), bytes.data(), bytes.size(), MSG_NOSIGNAL),
                         outcome::wait_writer);
  ERR_clear_error();
  return tls_outcome(SSL_write(ssl_.get(), bytes.data(), clamp(bytes.size())));
}

void channel::reset_on_close() {
  const linger now{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(fd(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
}

void channel::say_goodbye() {
  if (ssl_ && SSL_is_init_finished(ssl_.get())) {
    ERR_clear_error();
    SSL_shutdown(ssl_.get());
  }
}

} // namespace perennial::sim
