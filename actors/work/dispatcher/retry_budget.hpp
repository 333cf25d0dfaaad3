// How many of the calls may be retries: a fifth, so that a provider that fails is not sent twice
// the traffic for it (Envoy's retry budget; Google's SRE book, "Handling Overload"). A few may
// always go, and where only retries are left nothing holds them. A value, one per provider.
#pragma once

#include <algorithm>
#include <cstdint>

namespace perennial::actors {

class retry_budget {
public:
  static constexpr double ratio = 0.2;     ///< Of all calls lately.
  static constexpr uint32_t minimum = 3;   ///< Retries lately that no ratio forbids.
  static constexpr uint32_t memory = 1000; ///< Calls; beyond it the past counts half.

  /// Whether one more retry fits, while first attempts wait for the same provider.
  bool allows() const noexcept {
    return retries_ < minimum || retries_ + 1.0 <= ratio * (firsts_ + retries_ + 1.0);
  }

  void on_call(bool retry) noexcept {
    (retry ? retries_ : firsts_) += 1;
    if (firsts_ + retries_ < memory) return;
    firsts_ /= 2;
    retries_ /= 2;
  }

private:
  double firsts_ = 0;
  double retries_ = 0;
};

} // namespace perennial::actors
