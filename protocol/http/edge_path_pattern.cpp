#include "protocol/http/edge_path_pattern.hpp"

namespace perennial::http {

namespace {

/// Takes a segment and the slash behind it off the front. False when nothing is left.
bool take_segment(std::string_view& rest, bool& more, std::string_view& segment) {
  if (!more) return false;
  const auto slash = rest.find('/');
  segment = rest.substr(0, slash);
  more = slash != std::string_view::npos;
  rest = more ? rest.substr(slash + 1) : std::string_view{};
  return true;
}

bool match_segments(std::string_view pattern, std::string_view path,
                    path_pattern::captures* captured) {
  auto more_pattern = true;
  auto more_path = true;
  for (;;) {
    std::string_view expected;
    std::string_view segment;
    const auto has_expected = take_segment(pattern, more_pattern, expected);
    if (has_expected != take_segment(path, more_path, segment)) return false;
    if (!has_expected) return true;
    if (expected.size() > 2 && expected.front() == '{' && expected.back() == '}') {
      if (segment.empty()) return false;
      if (captured != nullptr)
        captured->emplace_back(expected.substr(1, expected.size() - 2), segment);
    } else if (expected != segment) {
      return false;
    }
  }
}

} // namespace

std::optional<path_pattern::captures> path_pattern::match(std::string_view path) const {
  captures out;
  if (!match_segments(text_, path, &out)) return std::nullopt;
  return out;
}

bool path_pattern::matches(std::string_view path) const {
  return match_segments(text_, path, nullptr);
}

} // namespace perennial::http
