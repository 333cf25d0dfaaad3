// What a provider's error body says, in the shapes that are about:
//   OpenAI         {"error":{"message","type","param","code"}}
//   Pollinations   {"status","success":false,"error":{"code","message",…}}
//                  {"error":"…","message":"…","retryAfterSeconds":3}   {"error":"…","status":500}
//   x402           {"x402Version":1,"error":"Queue full…"}
//   vLLM, FastAPI  {"message","type","code"}   {"detail":"…"}
// Untrusted: a body that is none of these, or no JSON, reads as nothing.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace perennial {

struct provider_error {
  std::string code;    ///< "insufficient_quota", "RATE_LIMITED"; empty where it is no plain word.
  std::string type;    ///< "invalid_request_error"; empty where it is no plain word.
  std::string message; ///< One line for people, at most 300 bytes, without control characters.
  std::optional<std::chrono::milliseconds> wait; ///< retryAfterSeconds
  bool x402 = false; ///< Has `x402Version`: a 402 that is a full queue, no bill.

  /// True where the code or the type is `word`.
  bool says(std::string_view word) const noexcept { return code == word || type == word; }

  friend bool operator==(const provider_error&, const provider_error&) = default;
};

/// Somebody else's sentence as a part of ours: without the full stop and spaces at its end.
std::string_view without_stop(std::string_view sentence) noexcept;
/// The same as one that another may follow: with one full stop, or its own question mark.
std::string with_stop(std::string_view sentence);

provider_error read_error_body(const std::string& body);

} // namespace perennial
