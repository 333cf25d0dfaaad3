#include "tools/sim/duration.hpp"

#include <charconv>

namespace perennial::sim {

namespace {

/// Nanoseconds in one of `unit`; 0 for an unknown unit.
double scale_of(std::string_view unit) {
  if (unit == "ns") return 1;
  if (unit == "us") return 1e3;
  if (unit == "ms") return 1e6;
  if (unit == "s") return 1e9;
  if (unit == "m") return 60e9;
  if (unit == "h") return 3600e9;
  return 0;
}

} // namespace

result<std::chrono::nanoseconds> parse_duration(std::string_view text) {
  double number = 0;
  const char* const end = text.data() + text.size();
  const auto [at, problem] = std::from_chars(text.data(), end, number, std::chars_format::fixed);
  const std::string_view unit(at, static_cast<size_t>(end - at));
  const double scale = number == 0 && unit.empty() ? 1 : scale_of(unit);
  if (problem != std::errc{} || scale == 0 || !(number >= 0) || number * scale > 3.6e15)
    return fail(errc::invalid_input,
                "\"{}\" is not a duration; write a number and a unit, as 250us, 100ms, 1.5s or 2m",
                text);
  return std::chrono::nanoseconds{static_cast<int64_t>(number * scale)};
}

} // namespace perennial::sim
