// One keep-alive connection to a provider: makes one call at a time, blocking, with a deadline for
// each phase and for the whole. Owned by one client worker; `abort` and `close` may come from any
// thread.
//
//   call: resolve → connect (TLS) → send → head → body          each phase under the deadline watch
#pragma once

#include "protocol/provider/call_report.hpp"
#include "protocol/provider/settings.hpp"

#include <cstdint>
#include <memory>
#include <string_view>

namespace perennial::provider {

class connection {
public:
  explicit connection(provider_settings settings);
  ~connection();
  connection(const connection&) = delete;
  connection& operator=(const connection&) = delete;

  /// POSTs `body` as JSON. `endpoint` is the batch's ("/v1/chat/completions"): it is joined to the
  /// base URL so that a common first part ("/v1") stands once. Never throws; what went wrong is in
  /// the report.
  call_report call(std::string_view endpoint, std::string_view body);

  /// Ends the call in progress within some 20 ms; the connection stays usable. Nothing where there
  /// is none.
  void abort();
  /// Ends the call in progress; later calls fail as aborted. Idempotent.
  void close();

  const provider_settings& settings() const;
  /// TCP connections made so far.
  uint64_t connections_made() const;

private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

/// "/v1" and "/v1/chat/completions" give "/v1/chat/completions"; "/api/v1" gives
/// "/api/v1/chat/completions"; "" gives the endpoint.
std::string join_path(std::string_view prefix, std::string_view endpoint);

} // namespace perennial::provider
