#include "protocol/provider/error_body.hpp"

#include "protocol/provider/retry_after.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace perennial::provider {

namespace {

using nlohmann::json;

constexpr size_t body_limit = 64 * 1024; // an error larger than this is no error object
constexpr size_t message_limit = 300;

std::string printable(std::string_view text) {
  std::string out{text.substr(0, message_limit)};
  for (auto& c : out) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  }
  while (!out.empty() && (out.back() & 0xc0) == 0x80) out.pop_back(); // cut between characters
  if (!out.empty() && (out.back() & 0x80) != 0) out.pop_back();
  return out;
}

std::string text_of(const json& object, const char* name) {
  const auto at = object.find(name);
  if (at == object.end()) return {};
  if (at->is_string()) return at->get<std::string>();
  if (at->is_number_integer()) return at->dump();
  return {};
}

std::optional<std::chrono::milliseconds> seconds_of(const json& object, const char* name) {
  const auto at = object.find(name);
  if (at == object.end() || !at->is_number()) return std::nullopt;
  const auto s = at->get<double>();
  if (!(s >= 0)) return std::nullopt;
  const auto most = static_cast<double>(longest_wait.count());
  return std::chrono::milliseconds{static_cast<int64_t>(std::min(most, s * 1000))};
}

} // namespace

error_body read_error_body(std::string_view body) {
  error_body out;
  if (body.size() > body_limit) return out;
  const auto j = json::parse(body, nullptr, false);
  if (!j.is_object()) return out;
  out.x402 = j.contains("x402Version");
  out.retry_after = seconds_of(j, "retryAfterSeconds");
  out.message = printable(text_of(j, "message"));
  if (const auto e = j.find("error"); e != j.end()) {
    if (e->is_string()) {
      if (out.message.empty())
        out.message = printable(e->get<std::string>());
      else
        out.code = printable(e->get<std::string>());
    } else if (e->is_object()) {
      out.code = printable(text_of(*e, "code"));
      out.type = printable(text_of(*e, "type"));
      out.message = printable(text_of(*e, "message"));
      if (!out.retry_after) out.retry_after = seconds_of(*e, "retryAfterSeconds");
      out.x402 |= e->contains("x402Version");
    }
  }
  return out;
}

} // namespace perennial::provider
