// A provider's base URL, taken apart.
#pragma once

#include "protocol/base/error.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace perennial::http {

struct url {
  bool tls = false;
  std::string host; ///< Without the brackets of an IPv6 literal.
  uint16_t port = 0;
  std::string prefix; ///< "/v1"; empty or beginning with a slash, never ending with one.

  /// "https://host:port", for people and logs.
  std::string origin() const;
};

/// Reads "https://host[:port][/prefix]". Refuses user names, queries, fragments and other schemes
/// with a sentence of what to write.
result<url> parse_base_url(std::string_view text);

} // namespace perennial::http
