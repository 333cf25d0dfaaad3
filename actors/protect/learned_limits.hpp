// The limits that a provider tells of itself in the `x-ratelimit-*` headers of its answers. Values.
//
// The headers say how many, and how long until all of them are there again, but not of which span
// that is: of a second, a minute, a day? It is taken for the shortest usual one that is no shorter
// than any such time seen. So what is learned is never slower than the truth, and comes to it as
// the limit is used. Spans of more than a minute are not paced at all: a day's worth may be used in
// an hour.
#pragma once

#include "protocol/provider/retry_after.hpp"

#include <chrono>
#include <cstdint>
#include <optional>

namespace perennial::actors {

struct learned_limit {
  uint64_t limit = 0; ///< 0: nothing is known.
  std::chrono::milliseconds span{0};
  uint32_t changes = 0; ///< Of the limit, since the start: some providers have one for each model.

  /// To be kept to; 0: none.
  uint32_t per_minute() const noexcept;

  /// @returns whether anything was learned.
  bool learn(std::optional<uint64_t> told, std::optional<std::chrono::milliseconds> reset) noexcept;

  /// Nothing of it is left out but `changes`, which are of one process.
  bool same(const learned_limit& other) const noexcept {
    return limit == other.limit && span == other.span;
  }
};

struct learned_limits {
  learned_limit requests;
  learned_limit tokens;

  bool learn(const rate_limits& told) noexcept;
  bool nothing() const noexcept { return requests.limit == 0 && tokens.limit == 0; }
  /// Without those that keep changing.
  learned_limits settled() const noexcept;
  bool same(const learned_limits& other) const noexcept {
    return requests.same(other.requests) && tokens.same(other.tokens);
  }
};

} // namespace perennial::actors
