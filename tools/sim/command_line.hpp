// The flags of perennial-sim. Only main uses this.
#pragma once

#include "protocol/base/error.hpp"
#include "tools/sim/settings.hpp"

#include <optional>
#include <string>

namespace perennial::sim {

/// Everything that the flags say: what is fixed for the process, and the first settings.
struct command_line {
  std::string listen = "127.0.0.1";
  uint16_t port = 0; ///< 0: any free one
  unsigned threads = 1;
  std::string port_file;
  bool quiet = false;

  bool tls = false;
  std::string cert; ///< PEM files; both or none
  std::string key;
  std::string write_ca;

  settings behaviour;
};

/// Reads the flags. Where nothing is left to do (--help, --version, wrong use) it has printed what
/// there is to say, and gives the exit code instead.
tl::expected<command_line, int> read_command_line(int argc, char** argv);

} // namespace perennial::sim
