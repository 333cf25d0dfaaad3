// What has worked with a provider so far: whether its key was ever accepted, and which models ever
// answered. A 403 or 404 means something else before the first success than after it. Thread-safe:
// written by every worker of the provider, read by every worker.
#pragma once

#include "actors/work/known_routes.hpp"

#include <atomic>
#include <memory>
#include <mutex>
#include <set>
#include <shared_mutex>
#include <string>

namespace perennial::actors {

class route_knowledge {
public:
  /// Models remembered; beyond that a success counts for the key only.
  static constexpr size_t models_kept = 1024;

  /// Knows what this process sees.
  route_knowledge() = default;
  /// Knows what earlier processes saw too, with the same URL and key.
  route_knowledge(std::shared_ptr<known_routes> before, std::string base_url, secret key)
    : before_(std::move(before))
    , base_url_(std::move(base_url))
    , api_key_(std::move(key))
    , key_(before_->contains(base_url_, api_key_, {})) {}

  bool key_worked() const { return key_.load(std::memory_order_relaxed); }

  bool model_worked(const std::string& model) const {
    if (!key_worked()) return false;
    {
      const std::shared_lock lock{mutex_};
      if (models_.contains(model)) return true;
    }
    return before_ && !model.empty() && before_->contains(base_url_, api_key_, model);
  }

  void on_success(const std::string& model) {
    if (key_worked()) {
      const std::shared_lock lock{mutex_};
      if (models_.contains(model) || models_.size() >= models_kept) return;
    }
    const std::unique_lock lock{mutex_};
    key_ = true;
    models_.insert(model);
    if (!before_) return;
    before_->add(base_url_, api_key_, {});
    before_->add(base_url_, api_key_, model);
  }

private:
  std::shared_ptr<known_routes> before_;
  std::string base_url_;
  secret api_key_;
  std::atomic<bool> key_{false};
  mutable std::shared_mutex mutex_;
  std::set<std::string> models_;
};

} // namespace perennial::actors
