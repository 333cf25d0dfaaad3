// Every subcommand: how it joins the command line. Each stands in a file of its own; `add_…`
// registers its options, and sets `action` to what is to be done when it was the one that was
// given.
#pragma once

#include <CLI/CLI.hpp>

#include <functional>

namespace perennial::tool {

/// What the chosen subcommand does; its result is the exit status.
using action = std::function<int()>;

void add_run(CLI::App& app, action& chosen);
void add_check(CLI::App& app, action& chosen);
void add_doctor(CLI::App& app, action& chosen);
void add_serve(CLI::App& app, action& chosen);
void add_submit(CLI::App& app, action& chosen);
void add_status(CLI::App& app, action& chosen);
void add_results(CLI::App& app, action& chosen);
/// cancel, pause, resume and retry.
void add_changes(CLI::App& app, action& chosen);
void add_workers(CLI::App& app, action& chosen);
/// And `providers reset`, `providers resume`.
void add_providers(CLI::App& app, action& chosen);

} // namespace perennial::tool
