// What on-demand parsing gives as exact pieces of the text. For `.cpp` files of this folder only.
#pragma once

#include <simdjson.h>

#include <string>
#include <string_view>

namespace perennial::jobs {

/// A key, with its quotes as it is written, and what it stands for.
struct written_key {
  std::string_view text;
  std::string_view name; ///< A view into the text, or into the string given to `read_key`.
};

/// Reads a field's key without using it up. `room` holds the name where the key has escapes.
simdjson::error_code read_key(simdjson::ondemand::field& field, std::string& room,
                              written_key& out);

/// The value exactly as it is written, and uses it up.
simdjson::error_code read_text(simdjson::ondemand::value& value, std::string_view& out);

} // namespace perennial::jobs
