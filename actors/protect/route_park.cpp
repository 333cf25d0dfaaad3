#include "actors/protect/route_park.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace perennial::actors {

void route_park::park(parked& p, std::string reason, steady_time now) {
  p.reason = std::move(reason);
  if (p.next_probe == steady_time{}) {
    p.next_probe = now + p.interval;
  } else if (p.probing) { // only the probe's answer moves the time: others were out before
    p.interval = std::min(probe_cap, p.interval * 2);
    p.next_probe = now + p.interval;
  }
  p.probing = false;
}

void route_park::park_key(std::string reason, steady_time now) {
  if (!key_) key_.emplace();
  park(*key_, std::move(reason), now);
}

void route_park::park_route(const std::string& model, std::string reason, steady_time now) {
  if (models_.size() >= models_kept && !models_.contains(model)) {
    return park_key(std::move(reason), now);
  }
  park(models_[model], std::move(reason), now);
}

route_park::verdict route_park::admit(const std::string& model, steady_time now) {
  const auto at = models_.find(model);
  parked* blocking = key_ ? &*key_ : at != models_.end() ? &at->second : nullptr;
  if (!blocking) return {};
  if (blocking->probing) return {false, now + probe_first};
  if (now < blocking->next_probe) return {false, blocking->next_probe};
  blocking->probing = true;
  return {};
}

void route_park::on_success(const std::string& model) {
  if (empty()) return;
  key_.reset();
  models_.erase(model);
}

void route_park::on_other(const std::string& model, steady_time now) {
  const auto again = [&](parked& p) {
    if (!p.probing) return;
    p.probing = false;
    p.next_probe = now + probe_first;
  };
  if (key_) again(*key_);
  if (const auto at = models_.find(model); at != models_.end()) again(at->second);
}

void route_park::resume() {
  key_.reset();
  models_.clear();
}

std::string route_park::reason() const {
  if (key_) return key_->reason;
  if (models_.empty()) return {};
  const auto& first = models_.begin()->second.reason;
  if (models_.size() == 1) return first;
  return fmt::format("{} (and {} more models)", first, models_.size() - 1);
}

} // namespace perennial::actors
