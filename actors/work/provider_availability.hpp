// What a provider's supervisor tells the dispatcher: which lines it takes now. Told at each change.
//
// A provider that is closed as a whole has given back what it had queued, and what it asked for
// before counts no more: from then on it asks only for lines to try itself with.
#pragma once

#include "protocol/base/clock.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>

namespace perennial::actors {

/// Nothing goes out to it: for the whole provider, or for one model of it.
struct closed_route {
  std::string provider; ///< By name.
  steady_time since{};
  std::optional<steady_time> until = {}; ///< At least, where that is known.
  std::string why = {};                  ///< For people: a sentence.
  uint32_t trial = 0; ///< Of a model: so many lines are wanted, to try whether it is back.

  friend bool operator==(const closed_route&, const closed_route&) = default;
};

struct provider_availability {
  uint32_t provider = 0;
  std::optional<closed_route> closed = {};
  std::map<std::string, closed_route> closed_models = {}; ///< By the provider's name of the model.

  friend bool operator==(const provider_availability&, const provider_availability&) = default;
};

} // namespace perennial::actors
