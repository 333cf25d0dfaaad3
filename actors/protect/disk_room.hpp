// The disk of the data directory as all threads see it: the budget and what was last seen, the
// ballast, and the word for uploads. The disk_budget actor looks now and then; an upload looks for
// itself, since it can fill a disk between two looks.
#pragma once

#include "actors/protect/disk_budget.hpp"
#include "protocol/base/error.hpp"
#include "storage/ballast.hpp"

#include <functional>
#include <mutex>
#include <optional>
#include <string>

namespace perennial::actors {

struct disk_status {
  disk_level level = disk_level::normal;
  bool store_writes = true; ///< False: a write failed, and the store was not opened again yet.
  storage::disk_space seen;
  disk_floors floors;
  uint64_t ballast_bytes = 0;
  /// What is short, where, how much is needed and what goes on meanwhile; empty where all is well.
  std::string says;

  bool holds_calls() const { return level == disk_level::full || !store_writes; }
};

/// Thread-safe.
class disk_room {
public:
  /// How a disk is looked at; a test has its own.
  using looking = std::function<result<storage::disk_space>(const std::string& path)>;

  disk_room(std::string data_dir, disk_config config, looking look = storage::look_at_disk);

  /// Looks, with so many calls whose results are not on disk yet; makes the ballast where there is
  /// room for it.
  disk_status look(uint64_t calls);
  /// As it was at the last look.
  disk_status status() const;

  // -- from the store

  /// Lets the ballast go where room was short.
  void write_failed(const error& why);
  void writes_again();
  /// `long_bytes` of them in files of their own.
  void on_results(uint64_t count, uint64_t bytes, uint64_t long_bytes);
  /// Is called after the two first, on their thread.
  void when_store_changes(std::function<void()> tell);

  /// An upload's room, from its beginning to its end.
  class upload;
  /// errc::no_space says what to do; errc::unavailable while the store cannot write. `bytes`: how
  /// long it is, where that is known.
  result<upload> begin_upload(std::optional<uint64_t> bytes);
  /// False: an upload so long will never have room, whatever is deleted.
  bool can_ever_hold(uint64_t bytes) const;

private:
  void look_here();
  disk_status status_here() const;
  error refusal(std::optional<uint64_t> bytes) const;

  const std::string data_dir_;
  const looking look_;
  storage::ballast ballast_;
  mutable std::mutex mutex_;
  disk_budget budget_;
  result_size results_{disk_load{}.result_bytes};
  result_size long_results_{0};
  uint64_t calls_ = 0;
  uint64_t promised_ = 0; ///< To uploads that have begun.
  bool store_writes_ = true;
  std::string why_not_;
  std::function<void()> tell_;
};

class disk_room::upload {
public:
  upload(upload&& other) noexcept;
  ~upload();

  /// So many bytes have come by now. errc::no_space: the rest of the room is for results; may be
  /// asked again.
  result<void> grew(uint64_t received);

  /// What to tell whoever uploads when the disk was full all the same.
  error refusal() const;

private:
  friend class disk_room;
  upload(disk_room& room, std::optional<uint64_t> bytes);
  void promise(uint64_t bytes);

  disk_room* room_;
  std::optional<uint64_t> bytes_;
  uint64_t promised_ = 0;
  uint64_t looked_at_ = 0;
};

} // namespace perennial::actors
