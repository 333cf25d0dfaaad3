// The path of a streaming or slow route: "/v1/files", "/v1/uploads/{id}/parts". Matched by the
// parker for every request, so without std::regex. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace perennial::http {

class path_pattern {
public:
  using captures = std::vector<std::pair<std::string, std::string>>;

  /// A segment in braces stands for any one segment that is not empty.
  explicit path_pattern(std::string text)
    : text_(std::move(text)) {}

  /// The segments that stand for the names in braces; nothing where the path is another one.
  std::optional<captures> match(std::string_view path) const;
  bool matches(std::string_view path) const;

private:
  std::string text_;
};

} // namespace perennial::http
