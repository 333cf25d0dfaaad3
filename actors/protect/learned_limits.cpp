#include "actors/protect/learned_limits.hpp"

#include <algorithm>
#include <array>

namespace perennial::actors {

namespace {

using std::chrono::milliseconds;

constexpr std::array usual_spans{milliseconds{1'000}, milliseconds{10'000}, milliseconds{60'000},
                                 milliseconds{3'600'000}, milliseconds{86'400'000}};
constexpr milliseconds minute{60'000};
constexpr uint64_t most_per_minute = 100'000'000;
/// A limit that changes more often is not one limit.
constexpr uint32_t most_changes = 3;

} // namespace

uint32_t learned_limit::per_minute() const noexcept {
  if (limit == 0 || span.count() <= 0 || span > minute || changes > most_changes) return 0;
  const auto spans = static_cast<uint64_t>(minute / span);
  return static_cast<uint32_t>(std::min(most_per_minute, std::min(limit, most_per_minute) * spans));
}

bool learned_limit::learn(std::optional<uint64_t> told,
                          std::optional<milliseconds> reset) noexcept {
  if (!told || *told == 0) return false;
  const auto before = *this;
  if (limit != *told) {
    if (limit != 0 && changes <= most_changes) ++changes;
    limit = *told;
  }
  if (reset && *reset > span) {
    const auto* at = std::ranges::lower_bound(usual_spans, *reset);
    span = at == usual_spans.end() ? usual_spans.back() : *at;
  }
  // Of a limit that keeps changing there is nothing to remember.
  return changes > most_changes ? before.changes <= most_changes : !same(before);
}

learned_limits learned_limits::settled() const noexcept {
  const auto kept = [](const learned_limit& l) {
    return l.changes > most_changes ? learned_limit{} : l;
  };
  return {kept(requests), kept(tokens)};
}

bool learned_limits::learn(const rate_limits& told) noexcept {
  const bool of_requests = requests.learn(told.limit_requests, told.reset_requests);
  return tokens.learn(told.limit_tokens, told.reset_tokens) || of_requests;
}

} // namespace perennial::actors
