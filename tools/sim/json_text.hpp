// Small writers of text inside replies.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace perennial::sim {

/// Appends `text` as the inside of a JSON string, without the quotes. `text` is valid UTF-8.
void append_escaped(std::string& out, std::string_view text);

/// Appends a decimal number.
void append_number(std::string& out, uint64_t n);

/// Base64 with padding (RFC 4648 §4).
std::string base64(std::string_view bytes);

/// At most `limit` bytes from the front of valid UTF-8, cut between characters.
std::string_view utf8_prefix(std::string_view text, size_t limit);

} // namespace perennial::sim
