#include "protocol/http/edge_blocking.hpp"

#include <poll.h>

#include <algorithm>
#include <cerrno>

namespace perennial::http {

wait_outcome wait_for(const transport& io, io_status wants, rate_guard& rate) {
  for (;;) {
    if (rate.too_slow()) return wait_outcome::too_slow;
    pollfd what{io.descriptor(),
                static_cast<short>(wants == io_status::wants_read ? POLLIN : POLLOUT), 0};
    const auto patience = std::chrono::ceil<std::chrono::milliseconds>(rate.credit()).count();
    const auto before = steady_now();
    const auto ready = ::poll(&what, 1, static_cast<int>(std::clamp<int64_t>(patience, 1, 60'000)));
    rate.waited(steady_now() - before);
    if (ready > 0) return wait_outcome::ready;
    if (ready < 0 && errno != EINTR) return wait_outcome::failed;
  }
}

bool send_all(connection& c, std::string_view bytes, edge_counters& counters) {
  while (!bytes.empty()) {
    const auto [status, sent] = c.io->send(bytes.data(), bytes.size());
    switch (status) {
    case io_status::done:
      bytes.remove_prefix(sent);
      c.sending.moved(sent);
      add(counters.bytes_out, sent);
      break;
    case io_status::wants_read:
    case io_status::wants_write:
      if (wait_for(*c.io, status, c.sending) != wait_outcome::ready) return false;
      break;
    case io_status::ended:
    case io_status::failed: return false;
    }
  }
  return true;
}

bool client_gone(const transport& io) {
  pollfd what{io.descriptor(), POLLRDHUP, 0};
  return ::poll(&what, 1, 0) > 0;
}

} // namespace perennial::http
