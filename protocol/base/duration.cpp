#include "protocol/base/duration.hpp"

#include <array>
#include <charconv>
#include <cmath>

namespace perennial {

namespace {

struct time_unit {
  std::string_view name;
  int64_t ms;
};

constexpr std::array time_units{time_unit{"d", 86'400'000}, time_unit{"h", 3'600'000},
                                time_unit{"m", 60'000}, time_unit{"s", 1000}, time_unit{"ms", 1}};

constexpr double longest_ms = 1e15; // 30,000 years

} // namespace

result<std::chrono::milliseconds> parse_duration(std::string_view text) {
  double number = 0;
  const auto* end = text.data() + text.size();
  const auto [at, ec] = std::from_chars(text.data(), end, number, std::chars_format::fixed);
  std::string_view name{at, static_cast<size_t>(end - at)};
  while (name.starts_with(' ')) name.remove_prefix(1);
  if (ec == std::errc{} && number >= 0) {
    for (const auto& u : time_units) {
      const auto ms = number * static_cast<double>(u.ms);
      if (u.name == name && ms < longest_ms) return std::chrono::milliseconds{std::llround(ms)};
    }
  }
  return fail(errc::invalid_input,
              "\"{}\" is not a length of time; write for example 250ms, 10s, 5m, 2h or 1d", text);
}

std::string write_duration(std::chrono::milliseconds d) {
  for (const auto& u : time_units)
    if (d.count() != 0 && d.count() % u.ms == 0)
      return fmt::format("{}{}", d.count() / u.ms, u.name);
  return "0s";
}

} // namespace perennial
