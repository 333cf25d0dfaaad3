#include "actors/protect/memory_ledger.hpp"

#include <algorithm>
#include <cassert>
#include <numeric>

namespace perennial::actors {

memory_ledger::memory_ledger(memory_config config)
  : config_(config) {
  config_.store_bytes = std::min(config_.store_bytes, config_.budget_bytes);
}

uint64_t memory_ledger::granted() const {
  return std::accumulate(held_.begin(), held_.end(), uint64_t{0});
}

uint64_t memory_ledger::used() const { return std::max(granted() + config_.store_bytes, rss_); }

bool memory_ledger::fits(memory_class kind, uint64_t bytes) const {
  if (held(kind) == 0 && kind != memory_class::upload) return true;
  if (level_ == memory_level::full) return false;
  if (level_ == memory_level::tight && kind != memory_class::in_flight) return false;
  return granted() + config_.store_bytes + bytes <= config_.budget_bytes;
}

bool memory_ledger::grant(memory_class kind, uint64_t bytes) {
  if (!fits(kind, bytes)) return false;
  held_[static_cast<size_t>(kind)] += bytes;
  weigh();
  return true;
}

void memory_ledger::release(memory_class kind, uint64_t bytes) {
  auto& h = held_[static_cast<size_t>(kind)];
  assert(bytes <= h && "more memory was given back than was granted");
  h -= std::min(h, bytes);
  weigh();
}

void memory_ledger::on_rss(uint64_t bytes) {
  rss_ = bytes;
  weigh();
}

void memory_ledger::weigh() {
  const auto share = static_cast<double>(used()) / static_cast<double>(config_.budget_bytes);
  const auto above = [&](double at, bool already) {
    return share >= (already ? at - config_.hysteresis : at);
  };
  if (above(config_.full_at, level_ == memory_level::full)) {
    level_ = memory_level::full;
  } else if (above(config_.tight_at, level_ != memory_level::normal)) {
    level_ = memory_level::tight;
  } else {
    level_ = memory_level::normal;
  }
}

} // namespace perennial::actors
