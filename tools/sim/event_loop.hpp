// One thread's share of the connections: accepts, waits in epoll, wakes those that are ready or
// due, and keeps the outages. Never blocks except in epoll.
#pragma once

#include "protocol/base/error.hpp"
#include "protocol/base/unique_fd.hpp"
#include "tools/sim/conversation.hpp"
#include "tools/sim/listener.hpp"

#include <memory>
#include <optional>
#include <vector>

namespace perennial::sim {

class event_loop {
public:
  /// `tls` may be null; all are borrowed. `number` tells the loops of a process apart.
  static result<std::unique_ptr<event_loop>> open(provider& owner, const reserved_address& address,
                                                  SSL_CTX* tls, unsigned number);

  /// Serves the control port too: plain HTTP, and there through every outage.
  result<void> serve_control(const reserved_address& address);

  /// Serves for ever.
  void run();

  /// Makes the loop look at the settings. From any thread.
  void wake();

private:
  event_loop(provider& owner, const reserved_address& address, SSL_CTX* tls, unsigned number);

  result<void> watch(int fd);
  int wait_ms() const;
  void dispatch(int fd, uint32_t events);
  void accept_from(const unique_fd& listener, bool counted);
  void fire_timers();
  void take_up_settings();
  void keep_outages();
  void go_down();
  void come_back();
  template <class Action>
  void visit(int fd, Action action);

  loop_context context_;
  const reserved_address& address_;
  SSL_CTX* tls_;
  size_t number_;
  unique_fd epoll_;
  unique_fd wake_;
  unique_fd listener_; ///< none during an outage
  unique_fd control_listener_;
  std::optional<steady_time> retry_; ///< when to try again to listen or to accept
  std::vector<std::unique_ptr<conversation>> conversations_; ///< by socket
};

} // namespace perennial::sim
