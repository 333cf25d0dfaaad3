// What holds the lines of batches up, in sentences: a disk without room, alarms of their providers,
// and models that none takes. The actors are asked at most once in a while, by one thread, however
// many clients poll.
#pragma once

#include "actors/service/service.hpp"

#include <mutex>
#include <string>
#include <vector>

namespace perennial::actors {

class hold_ups {
public:
  explicit hold_ups(service& owner)
    : owner_(owner) {}

  /// Empty for a batch that is not in progress, or is paused. Any thread; does not wait for another
  /// one that asks: it may say what was so a moment ago.
  std::vector<std::string> of(const storage::batch_record& b);

private:
  struct snapshot {
    steady_time taken = steady_time::min();
    dispatcher_status work;
    std::vector<std::string> alarms; ///< By provider; empty where all is well.
  };
  void refresh();
  /// The provider that all lines of the batch go to, where that is known.
  std::optional<uint32_t> provider_of(const storage::batch_record& b) const;

  service& owner_;
  std::mutex asking_; ///< Held while the actors are asked.
  std::mutex mutex_;  ///< Of `last_`.
  snapshot last_;
};

} // namespace perennial::actors
