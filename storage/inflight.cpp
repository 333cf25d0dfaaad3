#include "storage/inflight.hpp"

#include "protocol/base/log.hpp"
#include "protocol/base/unique_fd.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>

namespace perennial::storage {

struct inflight::header {
  std::array<char, 8> magic;
  uint32_t slots;
  uint32_t generation;
  uint32_t crashed; ///< 1: the process that had it ended by a fatal signal of its own.
  std::array<char, 44> zeros;
};

struct inflight::slot {
  uint64_t batch;
  uint64_t line;
  uint32_t crashes;
  uint32_t generation;
  uint64_t check;

  /// A hash of the other fields: tells a slot that was half written.
  uint64_t expected_check() const noexcept {
    uint64_t h = 0x9e3779b97f4a7c15U;
    for (const auto v : {batch, line, uint64_t{crashes} << 32 | generation}) {
      h = (h ^ v) * 0xbf58476d1ce4e5b9U;
      h ^= h >> 31;
    }
    return h;
  }
};

namespace {

constexpr std::array<char, 8> magic{'P', 'R', 'N', 'L', 'F', 'L', 'Y', '1'};
constexpr size_t header_bytes = 64;
constexpr size_t slot_bytes = 32;
constexpr size_t file_bytes = header_bytes + slot_bytes * inflight::slot_count;

/// Where `note_crash` writes: the mark of the file that was opened last.
std::atomic<uint32_t*> crash_mark{nullptr};

tl::unexpected<error> refused(const std::string& path, std::string_view what, int code) {
  return fail(code == ENOSPC ? errc::no_space : errc::io_error, "{} cannot be {}: {}", path, what,
              std::strerror(code));
}

} // namespace

result<std::unique_ptr<inflight>> inflight::open(const std::string& path) {
  static_assert(sizeof(header) == header_bytes && sizeof(slot) == slot_bytes);
  unique_fd fd{::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)};
  if (!fd) return refused(path, "opened", errno);
  struct stat info {};
  if (::fstat(fd.get(), &info) != 0) return refused(path, "read", errno);
  if (info.st_size != static_cast<off_t>(file_bytes) && ::ftruncate(fd.get(), 0) != 0) {
    return refused(path, "emptied", errno);
  }
  // Real blocks: a store into a hole of a full disk would end the process.
  if (const int code = ::posix_fallocate(fd.get(), 0, file_bytes); code != 0) {
    return refused(path, "made", code);
  }
  auto* map = ::mmap(nullptr, file_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd.get(), 0);
  if (map == MAP_FAILED) return refused(path, "mapped", errno);
  std::unique_ptr<inflight> out{new inflight(map)};
  out->recover();
  return out;
}

inflight::~inflight() {
  auto* mine = &head().crashed;
  crash_mark.compare_exchange_strong(mine, nullptr);
  ::munmap(map_, file_bytes);
}

void inflight::note_crash() noexcept {
  if (auto* mark = crash_mark.load()) *mark = 1;
}

inflight::header& inflight::head() const noexcept { return *static_cast<header*>(map_); }

inflight::slot& inflight::at(uint32_t index) const noexcept {
  return *reinterpret_cast<slot*>(static_cast<char*>(map_) + header_bytes + slot_bytes * index);
}

void inflight::recover() {
  auto& h = head();
  if (h.magic != magic || h.slots != slot_count) {
    std::memset(map_, 0, file_bytes);
    h.slots = slot_count;
    h.magic = magic;
  }
  const auto last = h.generation;
  const bool crashed = h.crashed != 0;
  free_.reserve(slot_count);
  for (uint32_t i = slot_count; i-- > 0;) {
    auto& s = at(i);
    if (s.batch != 0 && s.check != s.expected_check()) {
      logging::warn("slot {} of the in-flight file is damaged and is taken as free", i);
      s = slot{};
    }
    if (s.batch == 0) {
      free_.push_back(i);
      continue;
    }
    const bool was_out = s.generation == last;
    if (was_out) {
      auto found = s;
      if (crashed) ++found.crashes;
      found.generation = 0;
      found.check = found.expected_check();
      s = found;
    }
    recovered_.push_back({i, s.batch, s.line, s.crashes, was_out});
  }
  // Last, so that a start that dies before this line counts no crash twice.
  generation_ = last + 1 != 0 ? last + 1 : 1;
  h.generation = generation_;
  h.crashed = 0;
  crash_mark = &h.crashed;
}

result<uint32_t> inflight::take(batch_id batch, line_no line, uint32_t crashes) {
  slot s{batch, line, crashes, generation_, 0};
  s.check = s.expected_check();
  const std::lock_guard lock{mutex_};
  if (free_.empty())
    return fail(errc::busy, "all {} slots of calls in flight are taken", slot_count);
  const auto index = free_.back();
  free_.pop_back();
  at(index) = s;
  std::atomic_signal_fence(std::memory_order_release);
  return index;
}

uint32_t inflight::taken() noexcept {
  const std::lock_guard lock{mutex_};
  return slot_count - static_cast<uint32_t>(free_.size());
}

void inflight::free(uint32_t index) noexcept {
  const std::lock_guard lock{mutex_};
  at(index) = slot{};
  free_.push_back(index);
}

} // namespace perennial::storage
