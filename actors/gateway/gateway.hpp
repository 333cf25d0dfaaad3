// The HTTP API of the service: OpenAI's files and batches, and beside them pause, resume, retry,
// live results, health. Turns a request into a message or a read, and a reply into JSON. The edge
// that clients meet is protocol/http/edge_server.hpp; here are only routes, a file per resource.
#pragma once

#include "actors/service/service.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

namespace perennial::actors {

struct gateway_options {
  std::string host = "127.0.0.1";
  uint16_t port = 7733; ///< 0: any free one.
};

class gateway {
public:
  /// Listens from now on; not ready until `set_ready`. errc::conflict: the address is in use.
  static result<std::unique_ptr<gateway>> start(service& s, const gateway_options& options);
  ~gateway();

  uint16_t port() const;
  /// What /readyz says.
  void set_ready(bool ready);
  /// No new connections; requests in progress end by the deadline. Idempotent.
  void stop(std::chrono::milliseconds deadline);

private:
  gateway();
  struct impl;
  std::unique_ptr<impl> impl_;
};

} // namespace perennial::actors
