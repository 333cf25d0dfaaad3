// What the outcome of a call says to a circuit breaker. 429, a spent quota, a refused key or line,
// and what was ended from here say nothing.
#pragma once

#include "actors/protect/circuit_breaker.hpp"
#include "protocol/provider/outcome.hpp"

namespace perennial::actors {

/// Whose breaker it is.
enum class breaker_scope : uint8_t {
  provider,    ///< The provider's only one.
  connections, ///< The provider's, beside those of its models: whether it can be reached at all.
  model,       ///< A model's: what the provider says once it was reached.
};

counted_call report_of(const outcome& o, std::chrono::milliseconds took,
                       breaker_scope scope = breaker_scope::provider);

} // namespace perennial::actors
