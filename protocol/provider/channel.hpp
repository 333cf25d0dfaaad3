// One socket towards a provider, plain or under TLS: reads and writes that end at a deadline.
// Belongs to one thread; `interrupt` is how another one ends what it waits for.
#pragma once

#include "protocol/base/clock.hpp"
#include "protocol/base/error.hpp"
#include "protocol/base/unique_fd.hpp"
#include "protocol/http/tls.hpp"
#include "protocol/provider/interrupt.hpp"
#include "protocol/provider/resolver.hpp"

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace perennial {

enum class io_status : uint8_t {
  done,      ///< bytes moved
  end,       ///< the other side ended its stream in order
  lost,      ///< reset, or ended without the farewell that TLS wants
  timed_out, ///< the deadline passed
};

struct io_result {
  size_t bytes = 0;
  io_status status = io_status::done;
};

/// Why a connection could not be made.
enum class dial_failure : uint8_t { refused, timed_out, aborted, tls };

struct dial_error {
  dial_failure kind{};
  std::string message; ///< the end of a sentence about the address
};

class channel {
public:
  /// Connects to one address. The socket is non-blocking, without Nagle's delay, probed by TCP when
  /// it is silent for long, and known to `stop` from the start.
  static tl::expected<channel, dial_error> connect(const socket_address& address,
                                                   steady_time deadline, interrupt& stop);

  channel(channel&&) noexcept = default;
  channel& operator=(channel&&) = delete;
  ~channel();

  /// Puts TLS over the socket and verifies that the other side is `host`.
  tl::expected<void, dial_error> start_tls(const tls_client& tls, const std::string& host,
                                           steady_time deadline);

  /// Reads what is there, at least one byte, at most `size`.
  io_result read(char* into, size_t size, steady_time deadline);

  /// Writes all of `size` bytes. Where it fails, `sent()` says whether anything went out.
  io_result write(const char* from, size_t size, steady_time deadline);

  /// Writes two pieces as one where that is cheap.
  io_result write(std::string_view head, std::string_view body, steady_time deadline);

  /// Bytes of ours that the kernel took since `forget_sent`; under TLS the encrypted ones.
  size_t sent() const noexcept { return *sent_; }
  void forget_sent() noexcept { *sent_ = 0; }

  /// True where an idle connection can carry another request: the other side neither ended it nor
  /// sent anything unasked, which would be read as the answer to the next request.
  bool quiet();

private:
  struct free_session {
    void operator()(SSL* session) const noexcept;
  };

  channel(unique_fd fd, interrupt& stop);
  bool wait(short events, steady_time deadline) const;
  io_result settle(int ssl_result, steady_time deadline, bool& again);

  unique_fd fd_;
  interrupt* stop_;
  std::unique_ptr<size_t> sent_; // at a fixed place: the session's BIO counts here too
  std::unique_ptr<SSL, free_session> session_;
};

} // namespace perennial
