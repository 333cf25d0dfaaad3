#include "protocol/provider/retry_after.hpp"

#include "protocol/base/text.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <ctime>
#include <string>

namespace perennial {

namespace {

using std::chrono::milliseconds;

/// A decimal number at the front of `text`, which loses it. No exponents, no signs, no "inf".
std::optional<double> take_number(std::string_view& text) {
  if (text.empty() || text.front() < '0' || text.front() > '9') return std::nullopt;
  double value = 0;
  const auto [end, ec] =
    std::from_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
  if (ec == std::errc::invalid_argument) return std::nullopt;
  if (ec == std::errc::result_out_of_range) value = 1e300;
  text.remove_prefix(static_cast<size_t>(end - text.data()));
  return value;
}

std::optional<milliseconds> bounded(double ms, milliseconds cap) {
  if (!std::isfinite(ms) || ms <= 0) return std::nullopt;
  if (ms >= static_cast<double>(cap.count())) return cap;
  return milliseconds{static_cast<int64_t>(std::ceil(ms))};
}

std::optional<milliseconds> only_number(std::string_view text, double ms_each, milliseconds cap) {
  text = trimmed(text);
  const auto number = take_number(text);
  if (!number || !text.empty()) return std::nullopt;
  return bounded(*number * ms_each, cap);
}

/// RFC 9110 §5.6.7: IMF-fixdate, and the two obsolete forms that must still be read.
std::optional<wall_time> parse_http_date(const std::string& text) {
  static constexpr std::array forms{"%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT",
                                    "%a %b %d %H:%M:%S %Y"};
  for (const char* form : forms) {
    std::tm parts{};
    const char* end = ::strptime(text.c_str(), form, &parts);
    if (!end || *end != '\0') continue;
    const auto seconds = ::timegm(&parts);
    return wall_time{std::chrono::seconds{seconds}};
  }
  return std::nullopt;
}

std::optional<uint64_t> parse_count(std::string_view text) {
  text = trimmed(text);
  uint64_t value = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (ec != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

} // namespace

std::optional<milliseconds> parse_retry_after(std::string_view value, wall_time now,
                                              milliseconds cap) {
  value = trimmed(value);
  if (auto seconds = only_number(value, 1000, cap)) return seconds;
  if (value.size() > 40) return std::nullopt; // longer than any date
  const auto date = parse_http_date(std::string{value});
  if (!date || *date <= now) return std::nullopt;
  return std::min(*date - now, cap);
}

std::optional<milliseconds> parse_retry_after_ms(std::string_view value, milliseconds cap) {
  return only_number(value, 1, cap);
}

std::optional<milliseconds> wait_from_seconds(double seconds, milliseconds cap) {
  return bounded(seconds * 1000, cap);
}

std::optional<milliseconds> parse_reset(std::string_view value, milliseconds cap) {
  if (auto seconds = only_number(value, 1000, cap)) return seconds;
  value = trimmed(value);
  double ms = 0;
  while (!value.empty()) {
    const auto number = take_number(value);
    if (!number) return std::nullopt;
    const auto unit = value.substr(0, value.find_first_of("0123456789"));
    if (unit == "ms")
      ms += *number;
    else if (unit == "s")
      ms += *number * 1000;
    else if (unit == "m")
      ms += *number * 60'000;
    else if (unit == "h")
      ms += *number * 3'600'000;
    else if (unit == "d")
      ms += *number * 86'400'000;
    else
      return std::nullopt;
    value.remove_prefix(unit.size());
  }
  return bounded(ms, cap);
}

bool rate_limits::read(std::string_view name, std::string_view value) {
  constexpr std::string_view prefix = "x-ratelimit-";
  if (!name.starts_with(prefix)) return false;
  name.remove_prefix(prefix.size());
  if (name == "limit-requests")
    limit_requests = parse_count(value);
  else if (name == "remaining-requests")
    remaining_requests = parse_count(value);
  else if (name == "reset-requests")
    reset_requests = parse_reset(value);
  else if (name == "limit-tokens")
    limit_tokens = parse_count(value);
  else if (name == "remaining-tokens")
    remaining_tokens = parse_count(value);
  else if (name == "reset-tokens")
    reset_tokens = parse_reset(value);
  else
    return false;
  return true;
}

std::optional<milliseconds> rate_limits::wait() const {
  std::optional<milliseconds> out;
  if (remaining_requests == 0u && reset_requests) out = reset_requests;
  if (remaining_tokens == 0u && reset_tokens)
    out = std::max(out.value_or(milliseconds{0}), *reset_tokens);
  return out;
}

} // namespace perennial
