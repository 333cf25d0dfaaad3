// A running `perennial serve` for one test: started on a free port, gone with the object.
#pragma once

#include "tests/support/child_process.hpp"

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace perennial::test {

class serve_process {
public:
  /// Starts it with these flags (`--listen` on a free port is added where it is missing) and waits
  /// until it listens. Throws its errors where it does not.
  explicit serve_process(std::vector<std::string> flags,
                         std::map<std::string, std::string> env = {});

  uint16_t port() const { return port_; }
  /// "http://127.0.0.1:PORT"
  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
  child_process& process() { return process_; }

  /// SIGTERM, and its end.
  exit_status stop();

private:
  child_process process_;
  uint16_t port_ = 0;
};

/// A command of `perennial` that has ended.
struct ended_command {
  exit_status status;
  std::string output;
  std::string errors;
};

/// Runs `perennial ARGS…` to its end. Throws where it takes longer than patience.
ended_command run_command(std::vector<std::string> args,
                          std::map<std::string, std::string> env = {},
                          const std::filesystem::path& stdin_file = {});

} // namespace perennial::test
