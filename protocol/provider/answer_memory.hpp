// Where a call asks before it keeps more of an answer: the memory of all answers together is
// bounded by whoever implements this.
#pragma once

#include "protocol/base/clock.hpp"

#include <cstdint>
#include <functional>

namespace perennial {

class answer_memory {
public:
  virtual ~answer_memory() = default;

  /// Waits until `bytes` more may be taken, at most until `until`, and no longer once `stopped()`.
  /// False: they may not. Called on the thread of the call, for answers that are not small.
  virtual bool grow(uint64_t bytes, steady_time until, const std::function<bool()>& stopped) = 0;
  /// Gives back what is beyond `bytes`.
  virtual void shrink_to(uint64_t bytes) = 0;
};

} // namespace perennial
