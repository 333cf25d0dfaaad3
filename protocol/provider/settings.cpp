#include "protocol/provider/settings.hpp"

#include "protocol/base/text.hpp"

#include <algorithm>

namespace perennial {

namespace {

bool is_header_name(std::string_view name) noexcept {
  constexpr std::string_view marks = "!#$%&'*+-.^_`|~";
  return !name.empty() && std::all_of(name.begin(), name.end(), [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           marks.find(c) != std::string_view::npos;
  });
}

/// Headers that are ours to set: the body's length and framing, where it goes, and the key.
bool is_reserved(const std::string& name) {
  for (const char* reserved :
       {"authorization", "host", "content-length", "content-type", "transfer-encoding",
        "connection", "user-agent", "accept", "accept-encoding", "proxy-authorization", "expect",
        "te", "trailer", "upgrade"})
    if (name == reserved) return true;
  return false;
}

} // namespace

bool is_header_value(std::string_view value) noexcept {
  return std::all_of(value.begin(), value.end(), [](char c) {
    return c == '\t' || (static_cast<unsigned char>(c) >= 0x20 && c != '\x7f');
  });
}

result<void> check_settings(const provider_settings& settings) {
  if (settings.base_url.host.empty())
    return fail(errc::invalid_input, "provider {} has no base URL", settings.name);
  if (!is_header_value(settings.api_key.reveal()))
    return fail(errc::invalid_input,
                "the API key of provider {} holds a line break or a control character; set its "
                "variable without one",
                settings.name);
  if (settings.user_agent.empty() || !is_header_value(settings.user_agent))
    return fail(
      errc::invalid_input,
      "the user_agent of provider {} is empty or holds a line break or a control character",
      settings.name);
  for (const auto& [name, value] : settings.headers)
    if (!is_header_name(name) || !is_header_value(value) || is_reserved(lower(name)))
      return fail(
        errc::invalid_input,
        "a header of provider {} has a name that is not allowed there, or a line break in "
        "its value",
        settings.name);
  return {};
}

} // namespace perennial
