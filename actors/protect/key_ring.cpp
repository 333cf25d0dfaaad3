#include "actors/protect/key_ring.hpp"

#include <algorithm>
#include <limits>

namespace perennial::actors {

namespace {

/// The throttle's totals are of one count that never begins anew.
constexpr uint32_t only_epoch = 1;

/// More than a message and its answer take.
constexpr std::chrono::milliseconds throttle_hears{20};

bool is_paused(const throttle_permits& p, steady_time now) {
  return p.paused_until && *p.paused_until > now;
}

/// Its pause and its rates, whichever lasts longer; nothing where neither holds anything up.
std::optional<steady_time> waits_until(const throttle_permits& p, steady_time now) {
  const auto until = std::max(p.paused_until, p.used_up_until); // nothing is the least
  return until && *until > now ? until : std::nullopt;
}

} // namespace

void key_ring::on_permits(uint32_t key, const throttle_permits& p) {
  auto& s = slots_[key];
  s.calls.on_gate(only_epoch, p.calls);
  s.tokens.on_gate(only_epoch, p.tokens);
  s.says = p;
}

void key_ring::on_throttled(uint32_t key, steady_time now) {
  auto& until = slots_[key].says.paused_until;
  until = std::max(until.value_or(now), now + throttle_hears);
}

bool key_ring::has_room(const slot& s, steady_time now) {
  return s.in_flight < s.says.in_flight && !is_paused(s.says, now) && s.calls.available() > 0 &&
         s.tokens.available() > 0;
}

bool key_ring::has_room(steady_time now) const {
  return std::ranges::any_of(
    slots_, [&](const slot& s) { return has_room(s, now) && s.parked.may_call(whole_key); });
}

std::optional<key_ring::standstill> key_ring::stopped(steady_time now) const {
  standstill out;
  for (const auto& s : slots_) {
    const auto waits = waits_until(s.says, now);
    const auto* parked = s.parked.find(whole_key);
    if (!waits && parked == nullptr) return std::nullopt;
    if (parked != nullptr) {
      out.parked = true;
      if (!waits) out.probes += parked->permits;
    } else {
      if (out.until && *out.until <= *waits) continue;
      out.until = waits;
      out.asked = s.says.paused_until >= s.says.used_up_until;
    }
  }
  return out;
}

bool key_ring::all_parked(std::string_view model) const {
  return std::ranges::all_of(slots_,
                             [&](const slot& s) { return s.parked.find(model) != nullptr; });
}

uint32_t key_ring::probes_of(std::string_view model) const {
  uint32_t out = 0;
  for (const auto& s : slots_) {
    if (const auto* parked = s.parked.find(model)) out += parked->permits;
  }
  return out;
}

key_ring::choice key_ring::pick(std::string_view model, steady_time now) const {
  choice out{.key = {}, .parked = true};
  uint32_t most = 0;
  for (uint32_t key = 0; key < slots_.size(); ++key) {
    const auto& s = slots_[key];
    if (!s.parked.may_call(model)) continue;
    out.parked = false;
    if (!has_room(s, now)) continue;
    const auto room = s.says.in_flight - s.in_flight;
    if (out.key && room <= most) continue;
    out.key = key;
    most = room;
  }
  return out;
}

uint32_t key_ring::stamp(uint32_t key, std::string_view model, steady_time now) {
  auto& parked = slots_[key].parked;
  const auto epoch = parked.epoch();
  parked.take(model, now);
  return epoch;
}

void key_ring::goes_out(uint32_t key, int64_t tokens) {
  auto& s = slots_[key];
  s.calls.take();
  s.tokens.take(tokens);
  ++s.in_flight;
}

void key_ring::comes_back(uint32_t key, int64_t more_tokens) {
  auto& s = slots_[key];
  s.tokens.take(more_tokens);
  --s.in_flight;
}

bool key_ring::flows_freely(steady_time now) const {
  return std::ranges::all_of(slots_, [&](const slot& s) {
    return s.parked.nothing_parked() && !is_paused(s.says, now) &&
           s.in_flight <= s.says.in_flight && s.calls.available() == unlimited_permits &&
           s.tokens.available() == unlimited_permits;
  });
}

int64_t key_ring::let_out_by_rates(int64_t tokens_a_call, steady_time now) const {
  int64_t sum = 0;
  for (const auto& s : slots_) {
    if (s.parked.find(whole_key) != nullptr || is_paused(s.says, now)) continue;
    const auto calls = s.calls.available();
    const auto tokens = s.tokens.available();
    if (calls == unlimited_permits && tokens == unlimited_permits) return unlimited_permits;
    const auto each = std::max<int64_t>(1, tokens_a_call); // the last one may go beyond
    sum += std::min(calls, tokens == unlimited_permits ? calls : (tokens + each - 1) / each);
  }
  return sum;
}

uint32_t key_ring::in_flight_limit() const {
  uint64_t sum = 0;
  for (const auto& s : slots_) sum += s.says.in_flight;
  return static_cast<uint32_t>(std::min<uint64_t>(sum, std::numeric_limits<uint32_t>::max()));
}

std::optional<steady_time> key_ring::next_change(steady_time now) const {
  std::optional<steady_time> next;
  const auto look = [&](const std::optional<steady_time>& at) {
    if (at) next = std::min(next.value_or(*at), *at);
  };
  for (const auto& s : slots_) {
    if (is_paused(s.says, now)) look(s.says.paused_until);
    look(s.parked.next_wakeup());
  }
  return next;
}

steady_time key_ring::ask_again(std::string_view model, steady_time now) const {
  auto at = steady_time::max();
  for (const auto& s : slots_) at = std::min(at, s.parked.ask_again(model, now));
  return at;
}

void key_ring::on_tick(steady_time now) {
  for (auto& s : slots_) s.parked.on_tick(now);
}

void key_ring::resume() {
  for (auto& s : slots_) s.parked.resume();
}

} // namespace perennial::actors
