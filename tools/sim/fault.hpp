// The faults that the fake provider commits on purpose, and the dice that choose one.
//
// The choice is a pure function of (seed, prompt, how many times this prompt rolled before): the
// same run fails in the same places whatever the order and timing, and a retry rolls anew.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace perennial::sim {

enum class fault : uint8_t {
  throttled,       ///< 429 without a wait
  throttled_after, ///< 429 with Retry-After
  error_500,
  error_503,
  reset_before, ///< the connection is reset as the request arrives: nothing was done
  reset_after,  ///< the work is done (and would be billed), then the connection is reset
  hang,         ///< no reply, ever
  drip,         ///< the right reply, a byte at a time
  garbage,      ///< a reply that is not HTTP
  truncated,    ///< Content-Length promises more than is sent, then the connection closes
  none,
};

inline constexpr size_t fault_count = static_cast<size_t>(fault::none);

/// Each kind's name as in flags (--rate-429-after), in /control (rate_429_after) and in /stats.
inline constexpr std::array<std::string_view, fault_count> fault_names = {
  "429",         "429_after", "500",  "503",     "reset_before",
  "reset_after", "hang",      "drip", "garbage", "truncated"};

/// How often each kind happens, 0 to 1; the sum is at most 1.
using fault_rates = std::array<double, fault_count>;

/// The fault of a prompt's `nth` roll (from 0).
fault choose_fault(const fault_rates& rates, uint64_t seed, uint64_t prompt, uint32_t nth);

/// The time that the reply takes: uniform in base * (1 ± jitter), by its own dice.
std::chrono::nanoseconds choose_latency(std::chrono::nanoseconds base, double jitter, uint64_t seed,
                                        uint64_t prompt, uint32_t nth);

} // namespace perennial::sim
