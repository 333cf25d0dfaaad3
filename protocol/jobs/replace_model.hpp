// Names another model in a body that is otherwise sent as the user wrote it.
#pragma once

#include "protocol/base/error.hpp"

#include <string>
#include <string_view>

namespace perennial::jobs {

struct replaced_model {
  bool changed = false;
  std::string body;   ///< The new body; empty when nothing changed.
  std::string before; ///< The model that stood there, where it was a string; empty: none.
};

/// Replaces the value of the body's own member "model" (of each, where it stands there twice; not
/// those of objects inside), or puts the member first where there is none. All other bytes stay.
/// The body must be a valid object (errc::invalid_input where it is none) with `json_padding`
/// readable bytes after it.
result<replaced_model> replace_model(std::string_view body, std::string_view model);

} // namespace perennial::jobs
