#include "actors/protect/memory_ledger.hpp"

#include <algorithm>
#include <cassert>
#include <limits>

namespace perennial::actors {

std::string_view to_string(memory_level level) noexcept {
  switch (level) {
  case memory_level::normal: return "normal";
  case memory_level::tight: return "tight";
  case memory_level::full: return "full";
  }
  return "unknown";
}

std::string_view to_string(memory_class of) noexcept {
  switch (of) {
  case memory_class::store: return "store";
  case memory_class::read_ahead: return "read_ahead";
  case memory_class::in_flight: return "in_flight";
  case memory_class::upload: return "upload";
  }
  return "unknown";
}

memory_ledger::memory_ledger(memory_config config)
  : config_(config) {
  charge(memory_class::store, config_.store_bytes);
}

bool memory_ledger::grant(memory_class of, uint64_t bytes) {
  if (bytes > std::numeric_limits<uint64_t>::max() - total_) return false;
  auto now = level();
  auto floor = held(of) == 0;
  auto below = [&](double ratio) {
    auto most = part(ratio);
    return total_ < most && bytes < most - total_;
  };
  bool given = false;
  switch (of) {
  case memory_class::store: given = below(config_.full); break;
  case memory_class::read_ahead:
    given = floor || (now == memory_level::normal && below(config_.tight) &&
                      held(of) + bytes <= part(config_.read_ahead));
    break;
  case memory_class::upload:
    given =
      now != memory_level::full && (floor || (now == memory_level::normal && below(config_.tight)));
    break;
  case memory_class::in_flight:
    given = floor || (now != memory_level::full && below(config_.full));
    break;
  }
  if (given) charge(of, bytes);
  return given;
}

void memory_ledger::charge(memory_class of, uint64_t bytes) {
  assert(bytes <= std::numeric_limits<uint64_t>::max() - total_);
  held_[index(of)] += bytes;
  total_ += bytes;
  peaks_[index(of)] = std::max(peaks_[index(of)], held(of));
  peak_total_ = std::max(peak_total_, total_);
  by_grants_ = next_level(by_grants_, total_);
}

void memory_ledger::release(memory_class of, uint64_t bytes) {
  assert(bytes <= held(of));
  held_[index(of)] -= bytes;
  total_ -= bytes;
  by_grants_ = next_level(by_grants_, total_);
}

bool memory_ledger::on_rss(uint64_t bytes) {
  auto before = level();
  rss_ = bytes;
  peak_rss_ = std::max(peak_rss_, rss_);
  by_rss_ = next_level(by_rss_, rss_);
  return level() != before;
}

memory_level memory_ledger::level() const noexcept { return std::max(by_grants_, by_rss_); }

uint64_t memory_ledger::part(double ratio) const noexcept {
  return static_cast<uint64_t>(static_cast<double>(config_.budget_bytes) * ratio);
}

memory_level memory_ledger::next_level(memory_level now, uint64_t bytes) const noexcept {
  if (bytes >= part(config_.full)) return memory_level::full;
  if (now == memory_level::full && bytes >= part(config_.full_until)) return memory_level::full;
  if (bytes >= part(config_.tight)) return memory_level::tight;
  if (now != memory_level::normal && bytes >= part(config_.tight_until)) return memory_level::tight;
  return memory_level::normal;
}

} // namespace perennial::actors
