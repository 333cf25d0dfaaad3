#include "protocol/provider/channel.hpp"

#include "protocol/provider/quiet_bio.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/uio.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>
#include <string_view>

namespace perennial {

namespace {

/// A dead peer is found after about 30 + 4 × 15 s of silence, and middle boxes see the connection
/// live while a model thinks for minutes.
void set_options(int fd) {
  const auto set = [fd](int level, int name, int value) {
    (void)::setsockopt(fd, level, name, &value, sizeof value);
  };
  set(IPPROTO_TCP, TCP_NODELAY, 1);
  set(SOL_SOCKET, SO_KEEPALIVE, 1);
  set(IPPROTO_TCP, TCP_KEEPIDLE, 30);
  set(IPPROTO_TCP, TCP_KEEPINTVL, 15);
  set(IPPROTO_TCP, TCP_KEEPCNT, 4);
}

bool would_block(int error) { return error == EAGAIN; }

tl::unexpected<dial_error> cannot(dial_failure kind, std::string message) {
  return tl::unexpected{dial_error{kind, std::move(message)}};
}

std::string words_for(int error) {
  switch (error) {
  case ECONNREFUSED: return "it refuses connections; is the server running, and on this port?";
  case ENETUNREACH:
  case EHOSTUNREACH: return "there is no way to it from here; check the network";
  default: return std::strerror(error);
  }
}

} // namespace

void channel::free_session::operator()(SSL* session) const noexcept { SSL_free(session); }

channel::channel(unique_fd fd, interrupt& stop)
  : fd_(std::move(fd))
  , stop_(&stop)
  , sent_(std::make_unique<size_t>(0)) {}

channel::~channel() {
  if (!fd_) return; // moved from
  if (session_ && SSL_is_init_finished(session_.get())) {
    SSL_shutdown(session_.get()); // says goodbye without waiting for an answer
    ERR_clear_error();
  }
  stop_->detach();
}

tl::expected<channel, dial_error> channel::connect(const socket_address& address,
                                                   steady_time deadline, interrupt& stop) {
  unique_fd fd{::socket(address.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
  if (!fd) return cannot(dial_failure::refused, fmt::format("no socket: {}", std::strerror(errno)));
  set_options(fd.get());
  int error = ::connect(fd.get(), address.get(), address.size) == 0 ? 0 : errno;
  channel out{std::move(fd), stop};
  stop.attach(out.fd_.get()); // after connect(): a shutdown before it would have no effect
  if (error == EINPROGRESS) {
    const bool ready = out.wait(POLLOUT, deadline);
    if (stop.stopped()) return cannot(dial_failure::aborted, "ended while connecting");
    if (!ready) return cannot(dial_failure::timed_out, "it did not accept a connection in time");
    socklen_t size = sizeof error;
    if (::getsockopt(out.fd_.get(), SOL_SOCKET, SO_ERROR, &error, &size) != 0) error = errno;
  }
  if (stop.stopped()) return cannot(dial_failure::aborted, "ended while connecting");
  if (error == ETIMEDOUT)
    return cannot(dial_failure::timed_out, "it did not accept a connection in time");
  if (error != 0) return cannot(dial_failure::refused, words_for(error));
  return out;
}

tl::expected<void, dial_error> channel::start_tls(const tls_client& tls, const std::string& host,
                                                  steady_time deadline) {
  session_.reset(tls.new_session(host));
  BIO* bio = session_ ? make_quiet_bio(fd_.get(), *sent_) : nullptr;
  if (!bio) return cannot(dial_failure::tls, "no TLS session can be made");
  SSL_set_bio(session_.get(), bio, bio);
  for (bool again = true; again;) {
    ERR_clear_error();
    const int n = SSL_connect(session_.get());
    if (n == 1) return {};
    // Read before settle() clears the queue.
    const auto why = SSL_get_error(session_.get(), n) == SSL_ERROR_SSL
                       ? describe_handshake_failure(session_.get(), host)
                       : std::string{"it closed the connection in the middle of the TLS handshake; "
                                     "does that port speak https?"};
    const auto io = settle(n, deadline, again);
    if (stop_->stopped()) return cannot(dial_failure::aborted, "ended in the TLS handshake");
    if (io.status == io_status::timed_out)
      return cannot(dial_failure::timed_out,
                    "the TLS handshake was not over in time; does that port speak https?");
    if (!again) return cannot(dial_failure::tls, why);
  }
  return {};
}

/// After an SSL call that did not succeed: waits where OpenSSL wants to (`again` is then true).
io_result channel::settle(int ssl_result, steady_time deadline, bool& again) {
  const int code = SSL_get_error(session_.get(), ssl_result);
  again = false;
  switch (code) {
  case SSL_ERROR_WANT_READ:
  case SSL_ERROR_WANT_WRITE:
    again = wait(code == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT, deadline);
    return {0, again ? io_status::done : io_status::timed_out};
  case SSL_ERROR_ZERO_RETURN: return {0, io_status::end};
  default: ERR_clear_error(); return {0, io_status::lost};
  }
}

/// False once the deadline has passed, even where something is there: a flood must not outlast it.
bool channel::wait(short events, steady_time deadline) const {
  pollfd p{fd_.get(), events, 0};
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - steady_now()).count();
    if (left <= 0) return false;
    const int n = ::poll(&p, 1, static_cast<int>(std::min<int64_t>(left, INT_MAX)));
    if (n > 0) return true;
    if (n < 0 && errno != EINTR) return true; // the read or write that follows says why
  }
}

io_result channel::read(char* into, size_t size, steady_time deadline) {
  if (session_) {
    for (bool again = true;;) {
      ERR_clear_error();
      size_t n = 0;
      const int ok = SSL_read_ex(session_.get(), into, size, &n);
      if (ok == 1) return {n, io_status::done};
      const auto io = settle(ok, deadline, again);
      if (!again) return io;
    }
  }
  // An answer takes its time: waiting first saves a read in vain.
  for (;;) {
    if (!wait(POLLIN, deadline)) return {0, io_status::timed_out};
    const auto n = ::recv(fd_.get(), into, size, 0);
    if (n > 0) return {static_cast<size_t>(n), io_status::done};
    if (n == 0) return {0, io_status::end};
    if (errno != EINTR && !would_block(errno)) return {0, io_status::lost};
  }
}

io_result channel::write(const char* from, size_t size, steady_time deadline) {
  return write(std::string_view{from, size}, {}, deadline);
}

io_result channel::write(std::string_view head, std::string_view body, steady_time deadline) {
  const size_t all = head.size() + body.size();
  size_t done = 0;
  if (session_) {
    while (done < all) {
      const auto piece = done < head.size() ? head.substr(done) : body.substr(done - head.size());
      ERR_clear_error();
      size_t n = 0;
      const int ok = SSL_write_ex(session_.get(), piece.data(), piece.size(), &n);
      if (ok == 1) {
        done += n;
        continue;
      }
      bool again = false;
      const auto io = settle(ok, deadline, again);
      if (!again) return {done, io.status};
    }
    return {done, io_status::done};
  }
  while (done < all) {
    const auto first = done < head.size() ? head.substr(done) : std::string_view{};
    const auto second = body.substr(done < head.size() ? 0 : done - head.size());
    iovec parts[2] = {{const_cast<char*>(first.data()), first.size()},
                      {const_cast<char*>(second.data()), second.size()}};
    msghdr message{};
    message.msg_iov = first.empty() ? parts + 1 : parts;
    message.msg_iovlen = first.empty() || second.empty() ? 1 : 2;
    const auto n = ::sendmsg(fd_.get(), &message, MSG_NOSIGNAL);
    if (n >= 0) {
      done += static_cast<size_t>(n);
      *sent_ += static_cast<size_t>(n);
    } else if (would_block(errno)) {
      if (!wait(POLLOUT, deadline)) return {done, io_status::timed_out};
    } else if (errno != EINTR) {
      return {done, io_status::lost};
    }
  }
  return {done, io_status::done};
}

bool channel::quiet() {
  char byte = 0;
  if (!session_)
    return ::recv(fd_.get(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && would_block(errno);
  // Under TLS bytes may come that are no answer, such as a session ticket: OpenSSL takes those.
  ERR_clear_error();
  size_t n = 0;
  const int ok = SSL_peek_ex(session_.get(), &byte, 1, &n);
  const bool quiet = ok != 1 && SSL_get_error(session_.get(), ok) == SSL_ERROR_WANT_READ;
  ERR_clear_error();
  return quiet;
}

} // namespace perennial
