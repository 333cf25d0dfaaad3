// Whether a text is JSON, for texts of any size.
#pragma once

#include <string>

namespace perennial {

/// True where `text` is one whole JSON object or array in UTF-8. Fastest with room for simdjson's
/// padding behind it, as a `call_report`'s body has; a huge one takes no memory beside it.
bool is_json_container(const std::string& text);

} // namespace perennial
