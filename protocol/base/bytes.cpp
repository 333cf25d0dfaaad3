#include "protocol/base/bytes.hpp"

#include <array>
#include <charconv>
#include <cmath>

namespace perennial {

namespace {

struct unit {
  std::string_view name;
  double factor;
};

constexpr std::array units{
  unit{"", 1},         unit{"B", 1},      unit{"k", 0x1p10},   unit{"K", 0x1p10},
  unit{"KiB", 0x1p10}, unit{"M", 0x1p20}, unit{"MiB", 0x1p20}, unit{"G", 0x1p30},
  unit{"GiB", 0x1p30}, unit{"T", 0x1p40}, unit{"TiB", 0x1p40}, unit{"kB", 1e3},
  unit{"KB", 1e3},     unit{"MB", 1e6},   unit{"GB", 1e9},     unit{"TB", 1e12},
};

} // namespace

result<uint64_t> parse_bytes(std::string_view text) {
  double number = 0;
  const auto* end = text.data() + text.size();
  auto [at, ec] = std::from_chars(text.data(), end, number, std::chars_format::fixed);
  std::string_view name{at, static_cast<size_t>(end - at)};
  while (name.starts_with(' ')) name.remove_prefix(1);
  if (ec == std::errc{} && number >= 0) {
    for (const auto& u : units) {
      if (u.name == name && number * u.factor < 0x1p63) {
        return static_cast<uint64_t>(std::llround(number * u.factor));
      }
    }
  }
  return fail(errc::invalid_input,
              "\"{}\" is not an amount of bytes; write for example 512MiB, 2GiB or 1048576", text);
}

std::string format_bytes(uint64_t n) {
  constexpr std::array names{"KiB", "MiB", "GiB", "TiB"};
  if (n < kib) return fmt::format("{} B", n);
  auto v = static_cast<double>(n) / 1024.0;
  size_t i = 0;
  while (v >= 1024.0 && i + 1 < names.size()) {
    v /= 1024.0;
    ++i;
  }
  const bool whole = v >= 100.0 || v == std::floor(v);
  return whole ? fmt::format("{:.0f} {}", v, names[i]) : fmt::format("{:.1f} {}", v, names[i]);
}

} // namespace perennial
