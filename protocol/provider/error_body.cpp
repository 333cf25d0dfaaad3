#include "protocol/provider/error_body.hpp"

#include "protocol/base/bytes.hpp"
#include "protocol/base/simdjson_pool.hpp"
#include "protocol/provider/retry_after.hpp"

#include <algorithm>

namespace perennial {

namespace {

using simdjson::dom::element;
using simdjson::dom::object;

constexpr size_t longest_body = 256 * kib; // what is longer is no error body
constexpr size_t longest_message = 300;

/// A code goes into results and metrics: only what looks like one.
std::string word(std::string_view text) {
  const bool plain =
    !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
             c == '_' || c == '-' || c == '.';
    });
  return plain ? std::string{text} : std::string{};
}

std::string one_line(std::string_view text) {
  if (text.size() > longest_message) {
    size_t end = longest_message;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
    text = text.substr(0, end); // whole UTF-8 letters only
  }
  std::string out{text};
  std::replace_if(
    out.begin(), out.end(),
    [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == '\x7f'; }, ' ');
  return out;
}

std::string_view text_of(const object& from, std::string_view key) {
  std::string_view out;
  if (from.at_key(key).get(out) != simdjson::SUCCESS) return {};
  return out;
}

void read_fields(const object& from, provider_error& out) {
  if (out.code.empty()) out.code = word(text_of(from, "code"));
  if (out.type.empty()) out.type = word(text_of(from, "type"));
  if (out.message.empty()) out.message = one_line(text_of(from, "message"));
  double seconds = 0;
  if (!out.wait && from.at_key("retryAfterSeconds").get(seconds) == simdjson::SUCCESS)
    out.wait = wait_from_seconds(seconds);
}

provider_error read(element root) {
  provider_error out;
  if (simdjson::dom::array list; root.get(list) == simdjson::SUCCESS && list.size() > 0)
    root = list.at(0); // Google's OpenAI face wraps its errors in a list
  object top;
  if (root.get(top) != simdjson::SUCCESS) return out;
  element found;
  out.x402 = top.at_key("x402Version").get(found) == simdjson::SUCCESS;
  if (object inner; top.at_key("error").get(inner) == simdjson::SUCCESS) read_fields(inner, out);
  read_fields(top, out);
  if (const auto error = text_of(top, "error"); !error.empty()) {
    if (out.code.empty()) out.code = word(error);
    if (out.message.empty()) out.message = one_line(error);
  }
  if (out.message.empty()) out.message = one_line(text_of(top, "detail"));
  return out;
}

} // namespace

std::string_view without_stop(std::string_view sentence) noexcept {
  const auto last = sentence.find_last_not_of(". ");
  return sentence.substr(0, last == std::string_view::npos ? 0 : last + 1);
}

std::string with_stop(std::string_view sentence) {
  std::string out{without_stop(sentence)};
  if (!out.ends_with('?') && !out.ends_with('!')) out += '.';
  return out;
}

provider_error read_error_body(const std::string& body) {
  if (body.empty() || body.size() > longest_body) return {};
  return dom_pool().use(body.size(), [&](auto& parser) {
    element root;
    return parser.parse(body).get(root) == simdjson::SUCCESS ? read(root) : provider_error{};
  });
}

} // namespace perennial
