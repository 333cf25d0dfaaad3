// What a provider's supervisor tells the dispatcher: which lines it takes now. Told at each change.
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

  friend bool operator==(const closed_route&, const closed_route&) = default;
};

struct provider_availability {
  uint32_t provider = 0;
  std::optional<closed_route> closed = {};
  std::map<std::string, closed_route> closed_models = {}; ///< By the provider's name of the model.
  /// So many calls it would try now, although it is closed.
  uint32_t trial = 0;

  friend bool operator==(const provider_availability&, const provider_availability&) = default;
};

} // namespace perennial::actors
