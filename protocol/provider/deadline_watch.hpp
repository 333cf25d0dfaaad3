// Ends calls whose time is over. cpp-httplib's own timeouts are per operation, so that a server
// that drips defeats them; this is a timer. One thread for the process looks at every call every 20
// ms: a call costs a few atomic stores, and 4,000 of them a scan of some microseconds.
#pragma once

#include "protocol/base/clock.hpp"

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <thread>
#include <unordered_set>

namespace perennial::provider {

/// What the watch sees of a connection. Times are nanoseconds of the steady clock; 0: none.
class watched {
public:
  virtual ~watched() = default;
  /// Ends the call in progress. Called on the watch's thread; must not block.
  virtual void end_call() = 0;

  std::atomic<int64_t> total_deadline{0};
  std::atomic<int64_t> phase_deadline{0};
  /// Set by anyone who wants the call to end.
  std::atomic<bool> abort_wanted{false};
};

class deadline_watch {
public:
  /// The process's one watch. Its thread runs from the first call on.
  static deadline_watch& instance();

  void add(watched* w);
  /// After this returns the watch does not touch `w`.
  void remove(watched* w);

  ~deadline_watch();

private:
  deadline_watch() = default;
  void scan();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::unordered_set<watched*> all_;
  bool over_ = false;
  std::thread thread_;
};

inline int64_t to_ns(steady_time t) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(t.time_since_epoch()).count();
}

} // namespace perennial::provider
