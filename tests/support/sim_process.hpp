// A running perennial-sim, the fake provider, for one test: started on a free port, gone with the
// object. Stats and control go through its control port, which works through outages and TLS.
#pragma once

#include "tests/support/child_process.hpp"

#include <nlohmann/json.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace perennial::test {

class sim_process {
public:
  /// Starts it with these flags (`--quiet` is added) and waits until it listens. Throws its errors
  /// where it does not.
  explicit sim_process(std::vector<std::string> flags = {});

  uint16_t port() const { return port_; }
  /// The base URL for clients, with "/v1" at its end.
  const std::string& url() const { return url_; }
  /// The same without "/v1".
  std::string origin() const { return url_.substr(0, url_.size() - 3); }

  /// What it counted; see tools/sim/stats.hpp.
  nlohmann::json stats() const;
  /// One of its counts.
  uint64_t stat(const std::string& name) const { return stats().at(name).get<uint64_t>(); }
  void reset_stats() const;

  /// Changes settings and waits until all its threads have taken them up: after {"outage": true},
  /// connections are refused. Gives all that are in force. Throws where it refuses.
  nlohmann::json control(const nlohmann::json& changes) const;

  child_process& process() { return process_; }

private:
  nlohmann::json call(const std::string& path, const nlohmann::json* body) const;

  child_process process_;
  uint16_t port_ = 0;
  std::string url_;
  std::string control_url_;
};

} // namespace perennial::test
