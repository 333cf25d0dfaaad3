// JSON as text: strings written and read, room for simdjson, words of a user quoted in a message.
#pragma once

#include "protocol/base/error.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace perennial::jobs {

/// simdjson reads up to this many bytes past the end of what it is given. Their values do not
/// matter, but they must be readable memory.
inline constexpr size_t json_padding = 64;

/// A copy of `text` with `json_padding` readable bytes after it.
std::string with_padding(std::string_view text);

/// Appends `text` as a JSON string with its quotes. Bytes that are not UTF-8 become U+FFFD.
void append_json_string(std::string& out, std::string_view text);

/// Appends what the inside of a JSON string (without its quotes) stands for. False, with `out`
/// as it was, where an escape is wrong.
bool append_unescaped(std::string& out, std::string_view inside);

/// Whether `text` is UTF-8.
bool is_utf8(std::string_view text);

/// `text` for a message: at most `limit` bytes of it, cut between characters; control characters
/// and bytes that are not UTF-8 are shown as '?', double quotes as single ones.
std::string shown(std::string_view text, size_t limit = 80);

/// The same in double quotes.
std::string in_quotes(std::string_view text, size_t limit = 80);

} // namespace perennial::jobs
