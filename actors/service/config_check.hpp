// What must hold of a service's configuration, whoever gave it: a file, flags, or both. Values
// only: it looks at no file and at no variable's content. The sentences fit a flag and a key alike,
// and never show what may be a secret.
#pragma once

#include "actors/service/config.hpp"
#include "protocol/base/error.hpp"

#include <cstdint>

namespace perennial::actors {

/// Below this the store and one line in flight leave room for nothing else.
inline constexpr uint64_t least_memory_budget = 64 * mib;

/// The limits of the limit for lines, as the API has them (protocol/openai/create_batch.hpp).
inline constexpr uint64_t least_line_limit = kib;
inline constexpr uint64_t most_line_limit = 256 * mib;

/// A data directory, a provider, names that differ, URLs that are some, a budget that is enough.
/// errc::invalid_input.
result<void> check_config(const service_config& config);

/// A failure with the provider's name before it, where there is one to tell it by.
tl::unexpected<error> of_provider(const provider_config& p, const error& e);

/// errc::invalid_input.
result<void> check_line_limit(uint64_t max_line_bytes);

} // namespace perennial::actors
