#include "protocol/http/range.hpp"

#include "protocol/base/text.hpp"
#include "protocol/http/head.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>

namespace perennial::http {

namespace {

/// A number of digits only. One that does not fit is as good as the largest.
std::optional<uint64_t> number(std::string_view text) {
  if (text.empty() || text.find_first_not_of("0123456789") != std::string_view::npos)
    return std::nullopt;
  uint64_t value = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failed == std::errc::result_out_of_range) return std::numeric_limits<uint64_t>::max();
  return value;
}

} // namespace

content_range choose_range(std::string_view header, uint64_t size) {
  const content_range whole{range_kind::whole, 0, size, size};
  const content_range none{range_kind::unsatisfiable, 0, 0, size};

  header = trimmed(header);
  constexpr std::string_view unit = "bytes=";
  if (header.size() < unit.size() || !same_word(header.substr(0, unit.size()), unit)) return whole;
  const auto range = trimmed(header.substr(unit.size()));
  const auto dash = range.find('-');
  if (dash == std::string_view::npos || range.find(',') != std::string_view::npos) return whole;

  const auto first_text = range.substr(0, dash);
  const auto last_text = range.substr(dash + 1);
  const auto last = number(last_text);
  if (!last && !last_text.empty()) return whole;
  if (first_text.empty()) { // the last N bytes
    if (!last) return whole;
    if (*last == 0 || size == 0) return none;
    const auto length = std::min(*last, size);
    return {range_kind::part, size - length, length, size};
  }
  const auto first = number(first_text);
  if (!first || (last && *last < *first)) return whole;
  if (*first >= size) return none;
  const auto end = last && *last < size ? *last + 1 : size;
  return {range_kind::part, *first, end - *first, size};
}

int status_of(range_kind kind) {
  switch (kind) {
  case range_kind::part: return 206;
  case range_kind::unsatisfiable: return 416;
  case range_kind::whole: break;
  }
  return 200;
}

std::string header_of(const content_range& range) {
  switch (range.kind) {
  case range_kind::part:
    return fmt::format("bytes {}-{}/{}", range.offset, range.offset + range.length - 1, range.size);
  case range_kind::unsatisfiable: return fmt::format("bytes */{}", range.size);
  case range_kind::whole: break;
  }
  return {};
}

} // namespace perennial::http
