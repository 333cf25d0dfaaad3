#include "actors/protect/disk_budget.hpp"

#include <algorithm>

namespace perennial::actors {

namespace {

constexpr uint64_t most_for_compaction = 128 * mib;
constexpr uint64_t most_ballast = 64 * mib;
constexpr uint64_t most_reserve = gib;
constexpr uint64_t calls_before_next_look = 64;
/// A result's row in the index, its share of the counts.
constexpr uint64_t row_bytes = 256;

constexpr uint64_t left_full_at(uint64_t need) { return need + need / 4; }
constexpr uint64_t left_tight_at(uint64_t need) { return need + need / 8; }
/// Pages have heads, and their sorted file an index.
constexpr uint64_t on_disk(uint64_t upload) { return upload + upload / 64 + 64 * kib; }

} // namespace

std::string_view to_string(disk_level level) noexcept {
  switch (level) {
  case disk_level::normal: return "normal";
  case disk_level::tight: return "tight";
  case disk_level::full: return "full";
  }
  return "unknown";
}

disk_floors find_floors(uint64_t disk_bytes, const disk_config& config, const disk_load& load) {
  const auto each = std::max(load.result_bytes, uint64_t{1}) + row_bytes;
  const auto calls = load.calls + calls_before_next_look;
  const auto on_their_way =
    calls > config.most_in_memory / each ? config.most_in_memory : calls * each;
  const auto files = calls > disk_bytes / std::max(load.long_bytes, uint64_t{1})
                       ? disk_bytes
                       : calls * load.long_bytes;
  const auto own =
    2 * storage::log_bytes_for(disk_bytes) + std::min(most_for_compaction, disk_bytes / 16);
  disk_floors out;
  out.for_results = std::min(own + 2 * on_their_way + files, disk_bytes / 2);
  const auto reserve =
    config.reserve > 0 ? config.reserve : std::min(most_reserve, disk_bytes / 20);
  out.for_uploads = std::max(reserve, out.for_results + out.for_results / 2);
  out.ballast = std::min(most_ballast, disk_bytes / 16);
  return out;
}

void result_size::on_results(uint64_t count, uint64_t bytes) noexcept {
  if (count == 0) return;
  const auto mean = bytes / count;
  bytes_ = mean > bytes_ ? mean : bytes_ - (bytes_ - mean) / 16;
}

bool disk_budget::on_look(const storage::disk_space& seen, const disk_load& load) {
  seen_ = seen;
  floors_ = find_floors(seen.size, config_, load);
  if (level_ == disk_level::full) {
    needed_when_full_ = std::max(needed_when_full_, floors_.for_results);
  }
  const auto next = next_level();
  if (next == level_) return false;
  level_ = next;
  needed_when_full_ = next == disk_level::full ? floors_.for_results : 0;
  return true;
}

uint64_t disk_budget::goes_on_at() const noexcept {
  switch (level_) {
  case disk_level::full: return std::max(left_full_at(needed_when_full_), floors_.for_results);
  case disk_level::tight: return uploads_go_on_at();
  case disk_level::normal: break;
  }
  return 0;
}

uint64_t disk_budget::uploads_go_on_at() const noexcept {
  return level_ == disk_level::normal ? 0 : left_tight_at(floors_.for_uploads);
}

disk_level disk_budget::next_level() const noexcept {
  const auto free = seen_.free;
  if (free < floors_.for_results) return disk_level::full;
  if (level_ == disk_level::full && free < goes_on_at()) return level_;
  if (free < floors_.for_uploads) return disk_level::tight;
  if (level_ != disk_level::normal && free < left_tight_at(floors_.for_uploads)) {
    return disk_level::tight;
  }
  return disk_level::normal;
}

bool disk_budget::has_room_for_upload(uint64_t bytes, uint64_t promised) const noexcept {
  if (level_ != disk_level::normal || is_too_long_for_disk(bytes)) return false;
  return seen_.free >= floors_.for_uploads + promised + on_disk(bytes);
}

bool disk_budget::upload_may_go_on() const noexcept { return seen_.free >= floors_.for_uploads; }

bool disk_budget::is_too_long_for_disk(uint64_t bytes) const noexcept {
  return bytes > seen_.size || on_disk(bytes) + floors_.for_uploads > seen_.size;
}

bool disk_budget::has_room_for_ballast() const noexcept {
  return level_ == disk_level::normal &&
         seen_.free >= left_tight_at(floors_.for_uploads) + floors_.ballast;
}

} // namespace perennial::actors
