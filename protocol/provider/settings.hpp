// What a connection to a provider is made from.
#pragma once

#include "protocol/http/url.hpp"

#include <fmt/format.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>

namespace perennial::provider {

/// A key. Cannot be printed by accident: only `reveal` gives it, and only a request's header asks
/// for it.
class secret {
public:
  secret() = default;
  explicit secret(std::string value)
    : value_(std::move(value)) {}
  const std::string& reveal() const { return value_; }
  bool empty() const { return value_.empty(); }

private:
  std::string value_;
};

inline std::string format_as(const secret& s) { return s.empty() ? "" : "***"; }

struct timeouts {
  std::chrono::milliseconds connect{10'000};
  std::chrono::milliseconds first_byte{600'000}; ///< From the request's end to the answer's head.
  std::chrono::milliseconds idle{120'000};       ///< Between two pieces of the answer.
  std::chrono::milliseconds total{600'000};      ///< Of the whole call.
};

struct provider_settings {
  std::string name;
  http::url base;
  secret key;
  std::string
    key_source; ///< Where the key comes from, for messages: "the variable OPENAI_API_KEY".
  std::string user_agent = "perennial";
  timeouts limits;
  uint64_t max_response_bytes = 64ull << 20;
  std::string ca_file;
};

} // namespace perennial::provider
