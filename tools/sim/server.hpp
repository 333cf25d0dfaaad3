// The whole server: the addresses, the shared provider and a loop for each thread.
#pragma once

#include "protocol/base/error.hpp"
#include "tools/sim/command_line.hpp"
#include "tools/sim/event_loop.hpp"
#include "tools/sim/provider.hpp"

#include <memory>
#include <string>
#include <vector>

namespace perennial::sim {

class server {
public:
  /// Binds and listens; connections wait in the backlog until `run`.
  static result<std::unique_ptr<server>> open(const command_line& flags);

  uint16_t port() const { return address_.port(); }
  /// The line that says where it listens: {"port":…,"url":…,"control_url":…,"tls":…}.
  std::string ready_line() const;

  /// Serves for ever, on this thread and `threads` - 1 more.
  [[noreturn]] void run();

private:
  explicit server(const command_line& flags);

  provider provider_;
  bool tls_on_;
  ssl_context tls_;
  reserved_address address_;
  reserved_address control_address_;
  std::vector<std::unique_ptr<event_loop>> loops_;
};

} // namespace perennial::sim
