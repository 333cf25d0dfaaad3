// The tokens that a provider says a call has used.
#pragma once

#include <cstdint>
#include <string_view>

namespace perennial::jobs {

/// Both spellings are read: prompt_tokens, completion_tokens (chat) and input_tokens, output_tokens
/// (responses), with the details for cached and reasoning. A number that is missing, or cannot be
/// true, is 0.
struct usage {
  uint64_t input = 0;
  uint64_t cached = 0; ///< Part of `input`.
  uint64_t output = 0;
  uint64_t reasoning = 0; ///< Part of `output`.
  uint64_t total = 0;     ///< As told, or the sum.

  friend bool operator==(const usage&, const usage&) = default;
};

/// Reads the member "usage" of a response's body. All 0 where there is none, or no valid JSON.
usage usage_of(std::string_view body);

} // namespace perennial::jobs
