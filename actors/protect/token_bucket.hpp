// A rate: so many in a minute, spread evenly, with a burst of one second's worth. In whole numbers,
// so that no rounding ever lets one too many out.
//
// What may go out is a total since the bucket was made (see permits.hpp). Tokens that were let out
// and are not used yet are still in the bucket: however long a supervisor sits on them, no more
// than one burst is ever waiting beside the rate.
#pragma once

#include "actors/protect/permits.hpp"

#include "protocol/base/clock.hpp"

#include <cstdint>
#include <optional>

namespace perennial::actors {

class token_bucket {
public:
  /// @param per_minute at most 100,000,000; 0: no limit.
  token_bucket(uint32_t per_minute, steady_time now) noexcept;

  /// How many may have been used in all; unlimited_permits without a rate.
  int64_t allowed() const noexcept { return rate_ == 0 ? unlimited_permits : allowed_; }

  /// The number of tokens that may wait: a second's worth, at least one.
  int64_t burst() const noexcept { return burst_; }

  /// Another rate from now on; the totals go on.
  void set_rate(uint32_t per_minute, steady_time now) noexcept;

  uint32_t rate() const noexcept { return static_cast<uint32_t>(rate_); }

  /// `count` more were used; fewer than none gives back what was not.
  void use(int64_t count, steady_time now) noexcept;

  /// Whatever was used beyond the allowed counts as paid.
  void forgive(steady_time now) noexcept;

  /// Adds what the time since the last call brought.
  void refill(steady_time now) noexcept;

  /// When the next token comes: nothing while the bucket is full.
  std::optional<steady_time> next_token() const noexcept;

  /// When one may be used again; nothing while one may be now.
  std::optional<steady_time> usable_at() const noexcept;

private:
  int64_t rate_;
  int64_t burst_;
  int64_t allowed_;
  int64_t used_ = 0;
  int64_t parts_ = 0; ///< Of the next token: rate × nanoseconds.
  steady_time filled_at_;
};

} // namespace perennial::actors
