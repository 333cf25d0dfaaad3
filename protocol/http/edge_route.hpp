// Where a request goes, decided from its head alone, before its body is read.
#pragma once

#include "protocol/http/head.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>

namespace perennial::http {

enum class route_kind : uint8_t {
  ordinary,  ///< httplib's routes, on the request threads, once the body is whole.
  slow,      ///< The same on a slow thread: the handler may wait (a long poll).
  streaming, ///< A streaming route on an upload thread: the handler reads the body as it comes.
};

struct route {
  route_kind kind = route_kind::ordinary;
  size_t index = 0;        ///< Of the streaming route.
  uint64_t body_limit = 0; ///< Of a streaming route; 0 is none.
};

using router = std::function<route(const request_head&)>;

} // namespace perennial::http
