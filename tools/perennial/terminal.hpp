// Standard error as people see it: colour and progress only on a terminal, NO_COLOR honoured. Data
// goes to standard output, all else here.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace perennial::tool {

/// Whether standard error is a terminal.
bool on_terminal();

/// Columns of the terminal; 80 where unknown.
size_t terminal_columns();

/// Whether to use colour.
bool use_colour();

/// A line to standard error, above the progress line if there is one.
void say(std::string_view line);
/// "error: …" in red. One sentence, with what to do next.
void say_error(std::string_view message);
/// "warning: …" in yellow.
void say_warning(std::string_view message);

/// Replaces the progress line; nothing where there is no terminal. Cut to the terminal's width.
void show_progress(const std::string& line);
/// Takes it away.
void clear_progress();

/// "12,345".
std::string with_commas(uint64_t n);

} // namespace perennial::tool
