// The headers of one part of a multipart body, and the parameters of a header's value. Pure.
#pragma once

#include "protocol/base/error.hpp"
#include "protocol/http/multipart.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace perennial::http {

/// Reads the headers of a part, without the empty line after them.
result<part_head> parse_part_head(std::string_view bytes);

/// The parameter `name` of a value such as `form-data; name="a"; filename="b"`. Quoted or not; in
/// quotes a backslash escapes a quote or a backslash.
std::optional<std::string> header_parameter(std::string_view value, std::string_view name);

} // namespace perennial::http
