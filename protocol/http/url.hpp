// Where a provider lives: a base URL as a user writes it for an OpenAI client, taken apart and
// checked. Nothing in it is a secret: a URL with a user or a password is refused.
#pragma once

#include "protocol/base/error.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace perennial {

/// An http or https address: who to connect to, and the path that stands before every request's.
struct url {
  bool tls = false;   ///< https
  std::string host;   ///< Lower case; an IPv6 address without its brackets.
  uint16_t port = 80; ///< Written or implied.
  std::string prefix; ///< "" or "/v1": begins with a slash, does not end with one.

  friend bool operator==(const url&, const url&) = default;

  /// The `Host` header's value: brackets around IPv6, the port only where it is not the usual one.
  std::string host_header() const;
  /// host:port with the port always there, as CONNECT and messages want it.
  std::string authority() const;
  /// For people: the URL again.
  std::string to_string() const;
};

/// Reads "https://api.openai.com/v1", "http://127.0.0.1:8080", "http://[::1]:8080/v1/".
/// Refuses (invalid_input, with what to write instead) another scheme, a user or password, a query,
/// a fragment, spaces and control characters, and a port out of range. `example` is what messages
/// tell to write instead.
result<url> parse_base_url(std::string_view text,
                           std::string_view example = "https://api.openai.com/v1");

/// The path to send for a job's `url`, such as "/v1/chat/completions". As with OpenAI's own clients
/// the base URL stands for the whole of "…/v1": where it has a path, the job's leading "/v1" is
/// left out; where it has none, the job's path is taken as it is.
///   https://api.openai.com/v1    + /v1/chat/completions -> /v1/chat/completions
///   https://host/openai/v1       + /v1/chat/completions -> /openai/v1/chat/completions
///   http://127.0.0.1:8080        + /v1/chat/completions -> /v1/chat/completions
std::string join_path(std::string_view prefix, std::string_view path);

/// True where `path` may stand in a request line: begins with a slash, visible ASCII only.
bool is_request_path(std::string_view path) noexcept;

} // namespace perennial
