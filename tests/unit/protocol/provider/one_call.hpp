// One call to a raw server, and servers that are more trouble than most.
#pragma once

#include "protocol/provider/connection.hpp"

#include "raw_server.hpp"

#include <string>
#include <utility>
#include <vector>

namespace perennial::test {

/// Answers every request of every connection with the same bytes.
inline raw_server::script always(std::string bytes) {
  return [bytes = std::move(bytes)](peer& p) {
    while (!p.read_request().empty())
      if (!p.send(bytes)) return;
  };
}

/// Calls once and says what came of it.
inline call_report one_call(uint16_t port, const call_timeouts* timeouts = nullptr,
                            uint64_t max_bytes = 64 * mib) {
  auto settings = settings_for(port);
  if (timeouts) settings.timeouts = *timeouts;
  settings.max_response_bytes = max_bytes;
  return connect_to(std::move(settings))->call(chat, "{}").value();
}

inline std::string name_of(transport_failure f) { return std::string{to_string(f)}; }

/// A listener whose queue is full: Linux drops what else knocks, as an overloaded host does.
struct full_listener : listener {
  full_listener()
    : listener(0) {
    for (int i = 0; i < 8; ++i) {
      unique_fd fd{::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
      sockaddr_in at{};
      at.sin_family = AF_INET;
      at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
      at.sin_port = htons(port());
      (void)::connect(fd.get(), reinterpret_cast<sockaddr*>(&at), sizeof at);
      knockers_.push_back(std::move(fd));
    }
  }

private:
  std::vector<unique_fd> knockers_;
};

} // namespace perennial::test
