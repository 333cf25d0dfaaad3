// nlohmann's JSON as this folder uses it: members in the order they are written, no exceptions. For
// `.cpp` files of this folder only.
#pragma once

#include "protocol/base/error.hpp"

#include <nlohmann/json.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace perennial::openai {

using json = nlohmann::ordered_json;

/// Text on one line; bytes that are not UTF-8 become U+FFFD.
inline std::string dump(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

/// errc::invalid_input unless `text` is one JSON object.
inline result<json> parse_object(std::string_view text) {
  auto value = json::parse(text, nullptr, false);
  if (!value.is_object()) return fail(errc::invalid_input, "this is not a JSON object");
  return value;
}

/// A value, or null where there is none.
template <class T>
json or_null(const std::optional<T>& value) {
  return value ? json(*value) : json(nullptr);
}
inline json or_null(const std::string& text) { return text.empty() ? json(nullptr) : json(text); }

/// The member, or null where there is none.
inline const json& member_of(const json& object, const char* key) {
  static const json null;
  const auto at = object.find(key);
  return at == object.end() ? null : *at;
}

/// Empty where the member is no string.
inline std::string text_of(const json& object, const char* key) {
  const auto& value = member_of(object, key);
  return value.is_string() ? value.get<std::string>() : std::string{};
}

/// Nothing where the member is no whole number that fits.
template <class T = int64_t>
std::optional<T> number_of(const json& object, const char* key) {
  const auto& value = member_of(object, key);
  if (value.is_number_unsigned() && std::in_range<T>(value.get<uint64_t>())) return value.get<T>();
  if (value.is_number_integer() && std::in_range<T>(value.get<int64_t>())) return value.get<T>();
  return std::nullopt;
}

} // namespace perennial::openai
