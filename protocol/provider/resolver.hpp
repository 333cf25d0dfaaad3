// Names to addresses, with a deadline and a cache: getaddrinfo has neither. Thread-safe; one
// look-up of a name at a time, whoever asks.
#pragma once

#include "protocol/base/clock.hpp"
#include "protocol/base/error.hpp"

#include <chrono>
#include <string>
#include <vector>

namespace perennial::provider {

/// Addresses of `host` as text, in the resolver's order; an address stands for itself.
/// errc::unavailable: there is none, or errc::timed_out. Kept for 30 s, failures for 1 s.
result<std::vector<std::string>> resolve(const std::string& host,
                                         std::chrono::milliseconds deadline);

} // namespace perennial::provider
