#include "tests/support/serve_process.hpp"

#include <algorithm>
#include <csignal>
#include <stdexcept>

namespace perennial::test {

namespace {

child_options serve_options(std::vector<std::string> flags,
                            std::map<std::string, std::string> env) {
  child_options o;
  o.program = bin_dir() / "perennial";
  o.args = {"serve"};
  if (std::find(flags.begin(), flags.end(), "--listen") == flags.end())
    o.args.insert(o.args.end(), {"--listen", "127.0.0.1:0"});
  o.args.insert(o.args.end(), flags.begin(), flags.end());
  o.env = std::move(env);
  return o;
}

} // namespace

serve_process::serve_process(std::vector<std::string> flags, std::map<std::string, std::string> env)
  : process_(serve_options(std::move(flags), std::move(env))) {
  constexpr std::string_view says = "listening on http://127.0.0.1:";
  if (!process_.wait_for_errors(says)) throw std::runtime_error{"serve: " + process_.errors()};
  const auto text = process_.errors();
  port_ = static_cast<uint16_t>(std::stoi(text.substr(text.find(says) + says.size())));
}

exit_status serve_process::stop() {
  process_.kill(SIGTERM);
  const auto ended = process_.wait();
  if (!ended) throw std::runtime_error{"serve does not end: " + process_.errors()};
  return *ended;
}

ended_command run_command(std::vector<std::string> args, std::map<std::string, std::string> env,
                          const std::filesystem::path& stdin_file) {
  child_options o;
  o.program = bin_dir() / "perennial";
  o.args = std::move(args);
  o.env = std::move(env);
  o.stdin_file = stdin_file;
  child_process process{o};
  const auto ended = process.wait();
  if (!ended) throw std::runtime_error{"perennial does not end: " + process.errors()};
  return {*ended, process.output(), process.errors()};
}

} // namespace perennial::test
