// Ctrl-C and SIGTERM, counted by a thread of their own. Made before any other thread, so that all
// of them inherit the blocked signals and none dies of one.
#pragma once

#include <atomic>
#include <functional>
#include <mutex>
#include <thread>

namespace perennial::tool {

class signals {
public:
  signals();
  ~signals();
  signals(const signals&) = delete;
  signals& operator=(const signals&) = delete;

  /// How many times the user asked to stop.
  int stops() const { return stops_; }
  /// SIGHUP came since the last call.
  bool take_reload() { return reload_.exchange(false); }
  /// Called on the signal thread at the second stop and each after it.
  void on_hurry(std::function<void()> f);

private:
  void wait();

  std::atomic<int> stops_{0};
  std::atomic<bool> reload_{false};
  std::atomic<bool> over_{false};
  std::mutex mutex_;
  std::function<void()> hurry_;
  std::thread thread_;
};

} // namespace perennial::tool
