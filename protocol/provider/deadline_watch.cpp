#include "protocol/provider/deadline_watch.hpp"

namespace perennial::provider {

namespace {

constexpr std::chrono::milliseconds scan_every{20};

bool is_over(const std::atomic<int64_t>& deadline, int64_t now) {
  const auto at = deadline.load(std::memory_order_relaxed);
  return at != 0 && at <= now;
}

} // namespace

deadline_watch& deadline_watch::instance() {
  static deadline_watch watch;
  return watch;
}

void deadline_watch::add(watched* w) {
  const std::lock_guard lock{mutex_};
  if (!thread_.joinable()) thread_ = std::thread{[this] { scan(); }};
  all_.insert(w);
  changed_.notify_one();
}

void deadline_watch::remove(watched* w) {
  const std::lock_guard lock{mutex_};
  all_.erase(w);
}

deadline_watch::~deadline_watch() {
  {
    const std::lock_guard lock{mutex_};
    over_ = true;
  }
  changed_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void deadline_watch::scan() {
  std::unique_lock lock{mutex_};
  while (!over_) {
    if (all_.empty()) {
      changed_.wait(lock, [this] { return over_ || !all_.empty(); });
      continue;
    }
    const auto now = to_ns(steady_now());
    for (auto* w : all_) {
      const bool over = w->abort_wanted.load(std::memory_order_relaxed) ||
                        is_over(w->phase_deadline, now) || is_over(w->total_deadline, now);
      if (over) w->end_call();
    }
    changed_.wait_for(lock, scan_every, [this] { return over_; });
  }
}

} // namespace perennial::provider
