#include "protocol/provider/retry_after.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <ctime>
#include <string>

namespace perennial::provider {

namespace {

using std::chrono::milliseconds;

std::string_view trim(std::string_view s) {
  while (!s.empty() && (s.front() == ' ' || s.front() == '\t')) s.remove_prefix(1);
  while (!s.empty() && (s.back() == ' ' || s.back() == '\t')) s.remove_suffix(1);
  return s;
}

std::optional<milliseconds> amount(std::string_view text, double unit_ms) {
  text = trim(text);
  double n = 0;
  const auto* end = text.data() + text.size();
  const auto [at, ec] = std::from_chars(text.data(), end, n, std::chars_format::fixed);
  if (ec != std::errc{} || at != end || !std::isfinite(n) || n < 0) return std::nullopt;
  const auto most = static_cast<double>(longest_wait.count());
  return milliseconds{static_cast<int64_t>(std::min(most, std::ceil(n * unit_ms)))};
}

} // namespace

std::optional<milliseconds> parse_retry_after(std::string_view value, wall_time now) {
  if (auto seconds = amount(value, 1000)) return seconds;
  const std::string text{trim(value)};
  std::tm tm{};
  // RFC 9110's preferred form; the obsolete two are not sent by anyone who sends this header.
  const char* end = ::strptime(text.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &tm);
  if (!end || *end != '\0') return std::nullopt;
  const auto at = std::chrono::system_clock::from_time_t(::timegm(&tm));
  const auto wait = std::chrono::duration_cast<milliseconds>(at - now);
  return std::clamp(wait, milliseconds{0}, longest_wait);
}

std::optional<milliseconds> parse_retry_after_ms(std::string_view value) {
  return amount(value, 1);
}

} // namespace perennial::provider
