#include "actors/protect/token_bucket.hpp"

#include <algorithm>

namespace perennial::actors {

namespace {

constexpr int64_t minute_ns = 60'000'000'000;
constexpr int64_t longest_debt = 525'600;      // minutes of a year: more is told of as so much
constexpr uint32_t highest_rate = 100'000'000; // times a minute in nanoseconds it fits an int64

} // namespace

token_bucket::token_bucket(uint32_t per_minute, steady_time now) noexcept
  : rate_(std::min(per_minute, highest_rate))
  , burst_(std::max<int64_t>(1, rate_ / 60))
  , allowed_(burst_)
  , filled_at_(now) {}

void token_bucket::set_rate(uint32_t per_minute, steady_time now) noexcept {
  const auto rate = static_cast<int64_t>(std::min(per_minute, highest_rate));
  if (rate == rate_) return;
  refill(now);
  const bool fresh = rate_ == 0;
  rate_ = rate;
  burst_ = std::max<int64_t>(1, rate / 60);
  allowed_ = fresh ? used_ + burst_ : std::min(allowed_, used_ + burst_);
  parts_ = 0;
  filled_at_ = now;
}

void token_bucket::use(int64_t count, steady_time now) noexcept {
  refill(now); // first: while the bucket was full, nothing came in
  used_ += count;
}

void token_bucket::forgive(steady_time now) noexcept {
  refill(now);
  allowed_ = std::max(allowed_, used_);
}

void token_bucket::refill(steady_time now) noexcept {
  if (rate_ == 0 || now <= filled_at_) return;
  std::chrono::nanoseconds passed = now - filled_at_;
  filled_at_ = now;
  auto room = std::max<int64_t>(0, burst_ - (allowed_ - used_)); // more after a giving back
  // More than fills the bucket is never needed. What was used beyond the allowed comes back at the
  // rate as well. Whole minutes apart: the product of all would be too large.
  const auto whole = std::min<int64_t>(passed.count() / minute_ns, room / rate_ + 1) * rate_;
  parts_ += rate_ * (passed.count() % minute_ns);
  auto tokens = std::min(whole + parts_ / minute_ns, room);
  allowed_ += tokens;
  parts_ = tokens == room ? 0 : parts_ - (tokens - whole) * minute_ns;
}

std::optional<steady_time> token_bucket::next_token() const noexcept {
  if (rate_ == 0 || allowed_ - used_ >= burst_) return {};
  auto missing = minute_ns - parts_;
  return filled_at_ + std::chrono::nanoseconds{(missing + rate_ - 1) / rate_};
}

std::optional<steady_time> token_bucket::usable_at() const noexcept {
  if (rate_ == 0 || used_ < allowed_) return {};
  const auto missing = used_ - allowed_ + 1;
  const auto rest = missing % rate_ * minute_ns - parts_;
  return filled_at_ + std::chrono::minutes{std::min(missing / rate_, longest_debt)} +
         std::chrono::nanoseconds{(rest + rate_ - 1) / rate_};
}

} // namespace perennial::actors
