// The program `perennial`: the command line, and nothing else.
#include "protocol/base/suggest.hpp"
#include "tools/perennial/commands.hpp"
#include "tools/perennial/exit_code.hpp"
#include "tools/perennial/terminal.hpp"

#include <algorithm>
#include <malloc.h>

#include <exception>
#include <fmt/format.h>
#include <string>
#include <string_view>
#include <vector>

namespace {

/// CLI11 says of a misspelt command that one is missing; this says which it may have been.
std::string unknown_command(const CLI::App& app, int argc, char** argv) {
  if (argc < 2 || argv[1][0] == '-' || !app.get_subcommands().empty()) return {};
  std::vector<std::string> names;
  for (const auto* c : app.get_subcommands([](const CLI::App*) { return true; })) {
    names.push_back(c->get_name());
  }
  const std::vector<std::string_view> known{names.begin(), names.end()};
  return fmt::format("there is no command \"{}\"{}", argv[1], perennial::suggest(argv[1], known));
}

/// The same of a misspelt option.
std::string unknown_option(const CLI::App& command) {
  const auto extras = command.remaining();
  const auto word = std::find_if(extras.begin(), extras.end(),
                                 [](const std::string& e) { return e.starts_with("--"); });
  if (word == extras.end()) return {};
  std::vector<std::string> names;
  for (const auto* o : command.get_options()) {
    for (const auto& name : o->get_lnames()) names.push_back("--" + name);
  }
  const std::vector<std::string_view> known{names.begin(), names.end()};
  const auto typed = word->substr(0, word->find('='));
  return fmt::format("`{}` has no option \"{}\"{}", command.get_name(), typed,
                     perennial::suggest(typed, known));
}

} // namespace

int main(int argc, char** argv) {
  using namespace perennial::tool;
  // An arena for each of thousands of threads keeps much that is free: with four, a million lines
  // take 80 MiB instead of 120 (tests/bench/run memory). With two, threads wait for each other;
  // jemalloc and tcmalloc take more and are no faster (docs/memory.md).
  ::mallopt(M_ARENA_MAX, 4);
  // What is big goes back to the system when it is freed: without this the threshold follows what
  // was freed, up to 32 MiB, and an hour of long answers leaves gigabytes.
  ::mallopt(M_MMAP_THRESHOLD, 4 * 1024 * 1024);
  CLI::App app{"Runs large batches of LLM prompts to the end.", "perennial"};
  app.set_version_flag("--version", "perennial " PERENNIAL_VERSION);
  app.require_subcommand(1);
  app.get_formatter()->column_width(34);
  app.footer(
    "Example:\n"
    "  perennial run jobs.jsonl -o results.jsonl --base-url https://api.openai.com/v1\n"
    "\n"
    "`perennial COMMAND --help` says more. Exit status: 0 done, 1 done and some lines failed,\n"
    "2 wrong use, 3 could not be reached or was interrupted.");
  action chosen;
  add_run(app, chosen);
  add_serve(app, chosen);
  add_submit(app, chosen);
  add_status(app, chosen);
  add_results(app, chosen);
  add_changes(app, chosen);
  add_workers(app, chosen);
  add_providers(app, chosen);
  add_check(app, chosen);
  add_doctor(app, chosen);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    if (e.get_exit_code() == 0) return app.exit(e); // --help, --version
    const auto subs = app.get_subcommands();
    const auto unknown =
      subs.empty() ? unknown_command(app, argc, argv) : unknown_option(*subs.front());
    say_error(unknown.empty() ? e.what() : unknown);
    say(fmt::format("See: perennial {}{}--help", subs.empty() ? "" : subs.front()->get_name(),
                    subs.empty() ? "" : " "));
    return wrong_use;
  }
  try {
    return chosen();
  } catch (const std::exception& e) { // a library's; ours never get here
    say_error(e.what());
    return unreachable;
  }
}
