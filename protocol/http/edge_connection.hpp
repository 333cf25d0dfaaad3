// One connection of a client: its socket, what came in, what is still to go out.
//
// The parker owns it. While it is lent to a worker, only that worker touches it (but for
// `io->cut()`); the worker gives it back with its answer in `out`.
#pragma once

#include "protocol/base/clock.hpp"
#include "protocol/http/edge_counters.hpp"
#include "protocol/http/edge_intake.hpp"
#include "protocol/http/edge_transport.hpp"

#include <cstdint>
#include <list>
#include <memory>
#include <string>

namespace perennial::http {

/// Who waits for what.
enum class activity : uint8_t {
  reading,   ///< For the client's next bytes, or for its next request.
  lent,      ///< A worker serves its request.
  flushing,  ///< For the client to take the rest of its answer.
  lingering, ///< For the client to see that we closed; what it still sends is dropped.
  closed,    ///< Dead; freed when nobody can hold a pointer to it.
};

struct endpoint_address {
  std::string ip;
  int port = 0;
};

struct connection {
  connection(std::unique_ptr<transport> transport_in, const edge_limits& limits,
             const router& where, steady_time now)
    : io(std::move(transport_in))
    , in(limits, where, now)
    , sending(limits.send) {}

  std::unique_ptr<transport> io;
  endpoint_address remote, local;
  intake in;

  // ---- the answer ----
  std::string out; ///< Not sent yet from `sent` on.
  size_t sent = 0;
  bool close_after = false; ///< Close when it is sent.
  bool cut_now = false;     ///< Close at once: the client must see that something is missing.
  rate_guard sending;

  // ---- the parker's ----
  activity doing = activity::reading;
  bool watched = false; ///< In the epoll.
  steady_time deadline = steady_time::max();
  steady_time last_send; ///< When the client was last seen to take something.
  uint64_t charged = 0;  ///< Of its memory, in `edge_counters::buffered_bytes`.
  uint64_t dropped = 0;  ///< Bytes read while lingering.
  size_t place = 0;      ///< In the table of connections.
  bool idle = false;     ///< In the list of idle ones, at `idle_place`.
  std::list<connection*>::iterator idle_place;
};

enum class flush_outcome : uint8_t { sent, blocked, failed };

/// Sends what can be sent of `out` without waiting.
flush_outcome flush(connection& c, edge_counters& counters);

/// The addresses of a connected socket; empty where the system does not tell.
endpoint_address remote_address(int socket);
endpoint_address local_address(int socket);

} // namespace perennial::http
