// What has worked with a provider so far: whether its key was ever accepted, and which models ever
// answered. A 403 or 404 means something else before the first success than after it. Thread-safe:
// written by every worker of the provider, read by every worker.
#pragma once

#include <atomic>
#include <mutex>
#include <set>
#include <shared_mutex>
#include <string>

namespace perennial::actors {

class route_knowledge {
public:
  /// Models remembered; beyond that a success counts for the key only.
  static constexpr size_t models_kept = 1024;

  bool key_worked() const { return key_.load(std::memory_order_relaxed); }

  bool model_worked(const std::string& model) const {
    if (!key_worked()) return false;
    const std::shared_lock lock{mutex_};
    return models_.contains(model);
  }

  void on_success(const std::string& model) {
    if (key_worked()) {
      const std::shared_lock lock{mutex_};
      if (models_.contains(model) || models_.size() >= models_kept) return;
    }
    const std::unique_lock lock{mutex_};
    key_ = true;
    models_.insert(model);
  }

private:
  std::atomic<bool> key_{false};
  mutable std::shared_mutex mutex_;
  std::set<std::string> models_;
};

} // namespace perennial::actors
