#include "tools/sim/fault.hpp"

#include "tools/sim/hash64.hpp"

namespace perennial::sim {

namespace {

/// Keeps the dice of faults and of latencies apart.
enum class dice : uint64_t { fault = 0xfa017, latency = 0x1a7e };

double roll(dice which, uint64_t seed, uint64_t prompt, uint32_t nth) {
  return fraction(mix64(mix64(mix64(seed ^ static_cast<uint64_t>(which)) ^ prompt) ^ nth));
}

} // namespace

fault choose_fault(const fault_rates& rates, uint64_t seed, uint64_t prompt, uint32_t nth) {
  double at = roll(dice::fault, seed, prompt, nth);
  for (size_t i = 0; i < fault_count; ++i) {
    if (at < rates[i]) return static_cast<fault>(i);
    at -= rates[i];
  }
  return fault::none;
}

std::chrono::nanoseconds choose_latency(std::chrono::nanoseconds base, double jitter, uint64_t seed,
                                        uint64_t prompt, uint32_t nth) {
  if (base.count() == 0) return base;
  const double factor = 1 + jitter * (2 * roll(dice::latency, seed, prompt, nth) - 1);
  return std::chrono::nanoseconds{static_cast<int64_t>(static_cast<double>(base.count()) * factor)};
}

} // namespace perennial::sim
