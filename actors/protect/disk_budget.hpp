// How much room the disk must have for what: uploads are refused while results still have plenty,
// and no new calls go out while the results of those that are out still have room. A value; the
// disk_budget actor tells it what it has seen.
//
//   level    entered when the free room is below    left at    uploads   new calls
//   normal                                                     yes       yes
//   tight    what is kept from uploads              9/8 of it  507       yes
//   full     what results need                      5/4 of it  507       no
//
// Results need (`for_results`), at most half of the disk:
//   twice the store's logs     a new log is laid out with its whole size, and what is in the old
//                              ones is written out before they go (storage::log_bytes_for)
//   128 MiB for compactions    or a sixteenth of a smaller disk; one that finds no room leaves what
//                              is there, and is tried again when the store is opened again
//   twice (calls + 64) × (result + 256 bytes)
//                              in the log and in a sorted file; calls whose results are not on disk
//                              yet, and some that go out before the next look; no more than the
//                              memory budget, since they are there until they are on disk
//   (calls + 64) × long result what goes to a file of its own as it comes, and is nowhere else
// Kept from uploads (`for_uploads`): the configured reserve, or 1 GiB, or a twentieth of a smaller
// disk; and at least one and a half of what results need.
#pragma once

#include "protocol/base/bytes.hpp"
#include "storage/disk_space.hpp"

#include <cstdint>
#include <string_view>

namespace perennial::actors {

enum class disk_level : uint8_t { normal, tight, full };

/// "normal", "tight", "full".
std::string_view to_string(disk_level level) noexcept;

struct disk_config {
  uint64_t reserve = 0;                ///< Kept from uploads; 0: found from the disk's size.
  uint64_t most_in_memory = 512 * mib; ///< Results on their way are never more.
};

/// What is on its way to the disk.
struct disk_load {
  uint64_t calls = 0; ///< Out, or their results are not on disk yet.
  uint64_t result_bytes = 4 * kib;
  uint64_t long_bytes = 0; ///< Of a result, on the mean, in a file of its own.
};

struct disk_floors {
  uint64_t for_results = 0;
  uint64_t for_uploads = 0;
  uint64_t ballast = 0; ///< A sixteenth of the disk, at most 64 MiB.

  friend bool operator==(const disk_floors&, const disk_floors&) = default;
};

disk_floors find_floors(uint64_t disk_bytes, const disk_config& config, const disk_load& load);

/// How long results are: grows at once, falls slowly.
class result_size {
public:
  explicit result_size(uint64_t at_first)
    : bytes_(at_first) {}

  /// `count` of them with `bytes` together are on disk.
  void on_results(uint64_t count, uint64_t bytes) noexcept;
  uint64_t bytes() const noexcept { return bytes_; }

private:
  uint64_t bytes_;
};

class disk_budget {
public:
  explicit disk_budget(disk_config config = {})
    : config_(config) {}

  /// @returns whether the level changed.
  bool on_look(const storage::disk_space& seen, const disk_load& load);

  disk_level level() const noexcept { return level_; }
  const storage::disk_space& seen() const noexcept { return seen_; }
  const disk_floors& floors() const noexcept { return floors_; }

  /// The free room at which this level is left for a better one; none where there is none better.
  uint64_t goes_on_at() const noexcept;

  /// The same for uploads, at whatever level.
  uint64_t uploads_go_on_at() const noexcept;

  /// Whether an upload of so many bytes more may begin; what others will still write is `promised`.
  bool has_room_for_upload(uint64_t bytes, uint64_t promised) const noexcept;
  /// Whether one that has begun may go on.
  bool upload_may_go_on() const noexcept;
  /// An upload so long will never fit, whatever is deleted.
  bool is_too_long_for_disk(uint64_t bytes) const noexcept;
  /// There is room to make the ballast, beyond what is kept from uploads.
  bool has_room_for_ballast() const noexcept;

private:
  disk_level next_level() const noexcept;

  disk_config config_;
  disk_level level_ = disk_level::normal;
  storage::disk_space seen_;
  disk_floors floors_;
  /// The most that results needed since the level became full: calls end then, and the need with
  /// them, which is no ground to let as many out again.
  uint64_t needed_when_full_ = 0;
};

} // namespace perennial::actors
