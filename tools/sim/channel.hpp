// The bytes of one connection, plain or through TLS, without blocking. Owns the socket.
#pragma once

#include "protocol/base/unique_fd.hpp"
#include "tools/sim/tls.hpp"

#include <cstddef>
#include <span>
#include <string_view>

namespace perennial::sim {

class channel {
public:
  enum class outcome : uint8_t {
    some,        ///< bytes moved
    wait,        ///< none for now: wait until the socket is readable
    wait_writer, ///< none for now: wait until the socket is writable
    over,        ///< the other side is gone, or the connection broke
  };
  struct moved {
    outcome what = outcome::over;
    size_t bytes = 0;
  };

  /// `tls` may be null. The socket must be non-blocking.
  channel(unique_fd socket, SSL_CTX* tls);

  moved read(std::span<char> into);
  moved write(std::string_view bytes);

  /// Whether bytes may lie decrypted in memory, where no event of the socket tells of them.
  bool may_hide_bytes() const { return ssl_ != nullptr; }

  /// Makes the coming close a reset (RST) instead of an orderly end.
  void reset_on_close();
  /// Says the orderly end of TLS, if there is any.
  void say_goodbye();

  int fd() const { return socket_.get(); }

private:
  moved tls_outcome(int result);

  unique_fd socket_; // declared first: closed last
  ssl_handle ssl_;
};

} // namespace perennial::sim
