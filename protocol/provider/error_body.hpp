// What a provider says in the body of an error, whatever its dialect: OpenAI's
// {"error":{message,type,code}}, Pollinations' envelopes, a plain {"error":"…"}, or nothing that
// can be read.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace perennial::provider {

struct error_body {
  std::string code;
  std::string type;
  std::string message; ///< At most 300 bytes, printable.
  std::optional<std::chrono::milliseconds> retry_after;
  bool x402 = false; ///< "x402Version": a throttle in disguise, not a payment.
};

error_body read_error_body(std::string_view body);

} // namespace perennial::provider
