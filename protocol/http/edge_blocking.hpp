// Waiting for one client on a thread that may wait: uploads and downloads. The time waited is
// charged against the client's rate, never the time that we take ourselves.
#pragma once

#include "protocol/http/edge_connection.hpp"

#include <string_view>

namespace perennial::http {

enum class wait_outcome : uint8_t { ready, too_slow, failed };

/// Waits until `io` can do what it `wants` (wants_read or wants_write), as long as `rate` lets it.
wait_outcome wait_for(const transport& io, io_status wants, rate_guard& rate);

/// Sends all of it. False when the client is gone or too slow.
bool send_all(connection& c, std::string_view bytes, edge_counters& counters);

/// Whether the client has closed its side, as far as one can see without waiting.
bool client_gone(const transport& io);

} // namespace perennial::http
