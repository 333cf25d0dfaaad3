// The memory of long answers: taken as they come in, given back when their results are on disk.
// Where it is short, the reading of an answer waits, and with it the provider's sending.
//
// One answer at a time may go beyond the limit, so that there is always one that can end; it keeps
// that right until its memory is given back. Thread-safe.
#pragma once

#include "protocol/provider/answer_memory.hpp"

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>

namespace perennial::actors {

class answer_room {
public:
  explicit answer_room(uint64_t limit)
    : limit_(limit) {}

  uint64_t used() const;
  /// Readings that wait now.
  uint32_t waiting() const;

private:
  friend class answer_share;
  bool take(const void* who, uint64_t bytes, steady_time until,
            const std::function<bool()>& stopped);
  void give_back(const void* who, uint64_t bytes, bool all);

  const uint64_t limit_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  uint64_t used_ = 0;
  uint32_t waiting_ = 0;
  const void* beyond_ = nullptr; ///< Who may go beyond the limit.
};

/// What one call has of it. Lives until the result is on disk, or the line goes back.
class answer_share final : public answer_memory {
public:
  explicit answer_share(std::shared_ptr<answer_room> of)
    : of_(std::move(of)) {}
  ~answer_share() override { shrink_to(0); }
  answer_share(const answer_share&) = delete;
  answer_share& operator=(const answer_share&) = delete;

  bool grow(uint64_t bytes, steady_time until, const std::function<bool()>& stopped) override;
  void shrink_to(uint64_t bytes) override;
  uint64_t bytes() const noexcept { return bytes_; }

private:
  const std::shared_ptr<answer_room> of_;
  uint64_t bytes_ = 0;
};

} // namespace perennial::actors
