#include "protocol/openai/expires_after.hpp"

#include "protocol/jobs/json_text.hpp"

#include <fmt/format.h>

#include <charconv>

namespace perennial::openai {

namespace {

constexpr const char* anchor_field = "expires_after[anchor]";
constexpr const char* seconds_field = "expires_after[seconds]";

tl::unexpected<api_error> wrong(const std::string* value, const char* field,
                                std::string_view wanted) {
  const auto got =
    value ? fmt::format("is {}", jobs::in_quotes(*value)) : std::string{"is missing"};
  return tl::unexpected{invalid_request(fmt::format("{} {}; it must be {}", field, got, wanted),
                                        field,
                                        value ? "invalid_value" : "missing_required_parameter")};
}

} // namespace

tl::expected<std::optional<std::chrono::seconds>, api_error>
parse_expires_after(const std::map<std::string, std::string>& fields) {
  const auto find = [&](const char* name) {
    const auto at = fields.find(name);
    return at == fields.end() ? nullptr : &at->second;
  };
  const auto* anchor = find(anchor_field);
  const auto* text = find(seconds_field);
  if (!anchor && !text) return std::optional<std::chrono::seconds>{};
  if (!anchor || *anchor != "created_at") return wrong(anchor, anchor_field, "created_at");
  int64_t value = 0;
  const char* end = text ? text->data() + text->size() : nullptr;
  const auto read = text ? std::from_chars(text->data(), end, value) : std::from_chars_result{};
  if (!text || read.ec != std::errc{} || read.ptr != end || value < shortest_expiry ||
      value > longest_expiry) {
    return wrong(text, seconds_field,
                 fmt::format("a whole number from {} to {}", shortest_expiry, longest_expiry));
  }
  return std::optional{std::chrono::seconds{value}};
}

} // namespace perennial::openai
