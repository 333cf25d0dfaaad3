// Names to addresses under a deadline. getaddrinfo has none of its own, so that each look-up runs
// on a thread of its own, one at a time per name, and whoever waits may leave. One for the process,
// shared by all connections. Thread-safe.
#pragma once

#include "protocol/base/clock.hpp"
#include "protocol/base/error.hpp"

#include <sys/socket.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace perennial {

/// An address as connect() takes it; the port is set by `with_port`.
struct socket_address {
  sockaddr_storage storage{};
  socklen_t size = 0;

  const sockaddr* get() const noexcept { return reinterpret_cast<const sockaddr*>(&storage); }
  socket_address with_port(uint16_t port) const;
  /// For people: "127.0.0.1" or "::1".
  std::string to_string() const;
};

/// The address that `text` writes, or size 0.
socket_address parse_socket_address(const std::string& text);

class resolver {
public:
  /// Looks one name up and may take as long as it likes. Called on threads of the resolver.
  using lookup = std::function<result<std::vector<socket_address>>(const std::string& host)>;

  struct settings {
    std::chrono::milliseconds ttl{30'000};      ///< how long an answer is good
    std::chrono::milliseconds error_ttl{1'000}; ///< how long a failure is
  };

  /// `look` is getaddrinfo unless a test says otherwise.
  resolver();
  explicit resolver(lookup look);
  resolver(lookup look, settings limits);
  /// Look-ups that still run end by themselves; they hold what they need.
  ~resolver();
  resolver(const resolver&) = delete;
  resolver& operator=(const resolver&) = delete;

  /// The addresses of `host`, in the order to try them. An address needs no look-up.
  /// unavailable: the name is not known or the look-up failed; timed_out: not before `deadline`;
  /// cancelled: `stop` became true and `wake` was called.
  result<std::vector<socket_address>> resolve(const std::string& host, steady_time deadline,
                                              const std::atomic<bool>& stop);

  /// Lets every waiting `resolve` look at its `stop` again.
  void wake();

  /// The one of the process.
  static const std::shared_ptr<resolver>& shared();

private:
  struct state;
  std::shared_ptr<state> state_;
};

} // namespace perennial
