// perennial-sim: a fake LLM provider for tests, benches and demos. `--help` says what it can do,
// server.hpp how it is built. SIGTERM and SIGINT end it at once with exit code 0.
#include "protocol/base/log.hpp"
#include "tools/sim/command_line.hpp"
#include "tools/sim/server.hpp"

#include <sys/resource.h>

#include <csignal>
#include <cstdio>
#include <iostream>

namespace {

using namespace perennial;

constexpr int wrong_use = 2;
constexpr int could_not_start = 3;

/// Thousands of connections need thousands of descriptors: takes all that the system gives.
void raise_open_files() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

/// Nothing is worth saving, so there is nothing to wait for.
void end_on_signals() {
  struct sigaction end {};
  end.sa_handler = [](int) { ::_exit(0); };
  ::sigaction(SIGTERM, &end, nullptr);
  ::sigaction(SIGINT, &end, nullptr);
  std::signal(SIGPIPE, SIG_IGN); // a write through TLS may raise it
}

/// Writes the port by rename, so that whoever waits for the file never reads half of it.
result<void> write_port_file(const std::string& path, uint16_t port) {
  const std::string half = path + ".tmp";
  std::FILE* file = std::fopen(half.c_str(), "we");
  bool ok = file != nullptr && std::fprintf(file, "%u\n", unsigned{port}) > 0;
  if (file != nullptr) ok = std::fclose(file) == 0 && ok;
  if (!ok || std::rename(half.c_str(), path.c_str()) != 0)
    return fail(errc::io_error, "cannot write {}: {}", path,
                std::generic_category().message(errno));
  return {};
}

int refuse(const error& e) {
  std::cerr << "perennial-sim: " << e.message << '\n';
  return e.kind == errc::invalid_input ? wrong_use : could_not_start;
}

} // namespace

int main(int argc, char** argv) {
  const auto flags = sim::read_command_line(argc, argv);
  if (!flags) return flags.error();
  init_log(flags->quiet ? "error" : "info");
  raise_open_files();
  end_on_signals();
  auto server = sim::server::open(*flags);
  if (!server) return refuse(server.error());
  if (!flags->port_file.empty())
    if (auto ok = write_port_file(flags->port_file, (*server)->port()); !ok)
      return refuse(ok.error());
  std::cout << (*server)->ready_line() << std::endl;
  (*server)->run();
}
