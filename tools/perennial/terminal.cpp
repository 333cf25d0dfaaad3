#include "tools/perennial/terminal.hpp"

#include <fmt/format.h>

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

namespace perennial::tool {

namespace {

bool progress_shown = false;

void put(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stderr);
  std::fflush(stderr);
}

void label(std::string_view word, std::string_view colour, std::string_view message) {
  say(use_colour() ? fmt::format("\x1b[{}m{}:\x1b[0m {}", colour, word, message)
                   : fmt::format("{}: {}", word, message));
}

} // namespace

bool on_terminal() {
  static const bool yes = ::isatty(STDERR_FILENO) == 1;
  return yes;
}

size_t terminal_columns() {
  winsize size{};
  if (::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 80;
  return size.ws_col;
}

bool use_colour() {
  static const bool yes = [] {
    const char* none = std::getenv("NO_COLOR");
    const char* term = std::getenv("TERM");
    return on_terminal() && !(none && *none) && !(term && std::string_view{term} == "dumb");
  }();
  return yes;
}

void say(std::string_view line) {
  clear_progress();
  put(fmt::format("{}\n", line));
}

void say_error(std::string_view message) { label("error", "31", message); }

void say_warning(std::string_view message) { label("warning", "33", message); }

void show_progress(const std::string& line) {
  if (!on_terminal()) return;
  progress_shown = true;
  // Characters of several bytes count as one column here; cut between characters.
  size_t columns = 0;
  size_t end = 0;
  while (end < line.size() && columns + 1 < terminal_columns()) {
    do {
      ++end;
    } while (end < line.size() && (static_cast<unsigned char>(line[end]) & 0xc0) == 0x80);
    ++columns;
  }
  put("\r\x1b[K" + line.substr(0, end));
}

void clear_progress() {
  if (!progress_shown) return;
  progress_shown = false;
  put("\r\x1b[K");
}

std::string with_commas(uint64_t n) {
  auto text = std::to_string(n);
  for (auto at = static_cast<int>(text.size()) - 3; at > 0; at -= 3) {
    text.insert(static_cast<size_t>(at), ",");
  }
  return text;
}

} // namespace perennial::tool
