// A provider's key as calls use it: where it came from, its text, and what has worked with it. Made
// at the start and at each reload; never changes, so that a call goes on with what it was given.
#pragma once

#include "actors/work/route_knowledge.hpp"
#include "protocol/provider/secret.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace perennial::actors {

/// Where a key is read from, and what was there.
struct provider_key {
  std::string
    variable; ///< Of the environment; empty where it is in a file, or where there is none.
  std::string file;
  secret text; ///< Empty: none is sent.

  /// "the variable X", "the file X"; empty where there is neither.
  std::string name() const {
    if (!file.empty()) return "the file " + file;
    return variable.empty() ? std::string{} : "the variable " + variable;
  }
};

/// A provider's keys and limits, read anew.
struct provider_keys {
  std::vector<provider_key> keys; ///< At least one, as many as at the start.
  uint32_t max_in_flight = 0;
  uint32_t requests_per_minute = 0;
  uint32_t tokens_per_minute = 0;
};

struct call_key {
  provider_key from;
  uint32_t number = 0; ///< In the provider's ring of keys.
  std::shared_ptr<route_knowledge> knowledge;
};

} // namespace perennial::actors
