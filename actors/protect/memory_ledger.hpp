// The memory budget as a value: one number, and what holds it. Grants are refused rather than
// delayed; who was refused asks again. One read-ahead page and one call in flight are always
// granted when nothing of that class is held, so that work never stops for good.
//
//   normal ──80 %──▶ tight (no read-ahead, no uploads) ──95 %──▶ full (no new calls)
//          ◀──70 %──                                   ◀──85 %──
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace perennial::actors {

enum class memory_class : uint8_t { read_ahead, in_flight, upload };

enum class memory_level : uint8_t { normal, tight, full };

constexpr std::string_view to_string(memory_level l) {
  switch (l) {
  case memory_level::normal: return "normal";
  case memory_level::tight: return "tight";
  case memory_level::full: return "full";
  }
  return "normal";
}

struct memory_config {
  uint64_t budget_bytes = 512ull << 20;
  uint64_t store_bytes = 128ull << 20; ///< Of the budget; the store keeps to it by itself.
  double tight_at = 0.80;
  double full_at = 0.95;
  double hysteresis = 0.10; ///< A level ends this share of the budget below where it began.
};

class memory_ledger {
public:
  explicit memory_ledger(memory_config config = {});

  /// True: the bytes are the caller's until `release`.
  bool grant(memory_class kind, uint64_t bytes);
  void release(memory_class kind, uint64_t bytes);
  /// What the process really takes.
  void on_rss(uint64_t bytes);

  memory_level level() const { return level_; }
  uint64_t granted() const;
  uint64_t held(memory_class kind) const { return held_[static_cast<size_t>(kind)]; }
  const memory_config& config() const { return config_; }

private:
  void weigh();
  /// What is taken, by the books or by the kernel, whichever is more.
  uint64_t used() const;
  bool fits(memory_class kind, uint64_t bytes) const;

  memory_config config_;
  std::array<uint64_t, 3> held_{};
  uint64_t rss_ = 0;
  memory_level level_ = memory_level::normal;
};

} // namespace perennial::actors
