// One number for all memory: who asks before taking, gets it or waits. A value; the memory_budget
// actor routes messages to it and tells it the measured RSS.
//
//   level    entered at          left below   read-ahead      uploads         calls in flight
//   normal                                    a quarter       up to 80 %      up to 95 %
//   tight    80 % of the budget  75 %         one page        one piece       up to 95 %
//   full     95 % of the budget  90 %         one page        none            one
//
// Read-ahead is bounded by itself too: lines that lie ready for a provider that takes none must
// leave the others room.
//
// The level is the worse of two: what was granted, and RSS. "One" is the floor: when nothing of
// that class is held, one grant of it is always given, however large, so that a line can always be
// read and sent, and the memory that others wait for comes free. What is granted beyond the floors
// stays below 95 % of the budget.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace perennial::actors {

enum class memory_class : uint8_t {
  store,      ///< Block cache and memtables: reserved from the start.
  read_ahead, ///< Pages read before their lines are due.
  in_flight,  ///< Requests and responses of calls.
  upload,     ///< Buffers of job files on their way in.
};
inline constexpr size_t memory_classes = 4;

enum class memory_level : uint8_t { normal, tight, full };

/// "normal", "tight", "full"; "store", "read_ahead", "in_flight", "upload".
std::string_view to_string(memory_level level) noexcept;
std::string_view to_string(memory_class of) noexcept;

struct memory_config {
  uint64_t budget_bytes = uint64_t{512} << 20;
  uint64_t store_bytes = 0; ///< The reservation of the store.
  double read_ahead = 0.25;
  double tight = 0.80;
  double tight_until = 0.75; ///< Hysteresis: below this it is normal again.
  double full = 0.95;
  double full_until = 0.90;
};

class memory_ledger {
public:
  explicit memory_ledger(memory_config config);

  /// Asks for `bytes` more. When it says no, nothing is taken: ask again when the level or what is
  /// held has changed.
  [[nodiscard]] bool grant(memory_class of, uint64_t bytes);

  /// Takes `bytes` more without asking: what is in memory already, or is admitted always (results,
  /// cancels). The levels see it.
  void charge(memory_class of, uint64_t bytes);

  /// Gives back what was granted or charged; more than that is a defect and ends the process.
  void release(memory_class of, uint64_t bytes);

  /// Takes the measured RSS. @returns whether the level changed.
  bool on_rss(uint64_t bytes);

  memory_level level() const noexcept;
  uint64_t budget() const noexcept { return config_.budget_bytes; }
  uint64_t held(memory_class of) const noexcept { return held_[index(of)]; }
  uint64_t total() const noexcept { return total_; }
  uint64_t rss() const noexcept { return rss_; }
  uint64_t peak(memory_class of) const noexcept { return peaks_[index(of)]; }
  uint64_t peak_total() const noexcept { return peak_total_; }
  uint64_t peak_rss() const noexcept { return peak_rss_; }

private:
  static constexpr size_t index(memory_class of) noexcept { return static_cast<size_t>(of); }
  uint64_t part(double ratio) const noexcept;
  memory_level next_level(memory_level now, uint64_t bytes) const noexcept;

  memory_config config_;
  std::array<uint64_t, memory_classes> held_{};
  std::array<uint64_t, memory_classes> peaks_{};
  uint64_t total_ = 0;
  uint64_t peak_total_ = 0;
  uint64_t rss_ = 0;
  uint64_t peak_rss_ = 0;
  memory_level by_grants_ = memory_level::normal;
  memory_level by_rss_ = memory_level::normal;
};

} // namespace perennial::actors
