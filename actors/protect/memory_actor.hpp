// The memory_budget actor: grants bytes out of one number, and looks at the process's RSS now and
// then. What it decides stands in memory_ledger.hpp.
#pragma once

#include "actors/interfaces.hpp"

#include <optional>

namespace perennial::actors {

struct memory_state {
  memory_ledger ledger{memory_config{}};
  memory_level told = memory_level::normal;
  std::optional<steady_time> other_since = {}; ///< It is another one than was told.
  static inline const char* name = "memory_budget";
};

memory_actor::behavior_type memory_behavior(memory_actor::stateful_pointer<memory_state> self,
                                            memory_config config);

/// Resident bytes of this process now, and at most so far; 0 where /proc cannot be read.
uint64_t resident_bytes();
uint64_t peak_resident_bytes();

} // namespace perennial::actors
