#include "protocol/jobs/json_text.hpp"

#include <simdjson.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>

namespace perennial::jobs {

static_assert(json_padding == simdjson::SIMDJSON_PADDING);

namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD"; // U+FFFD

constexpr auto must_escape = [] {
  std::array<bool, 256> table{};
  for (size_t c = 0; c < 0x20; ++c) table[c] = true;
  table['"'] = table['\\'] = true;
  return table;
}();

void append_escape(std::string& out, char c) {
  constexpr std::string_view digits = "0123456789abcdef";
  switch (c) {
  case '"': out += "\\\""; return;
  case '\\': out += "\\\\"; return;
  case '\n': out += "\\n"; return;
  case '\r': out += "\\r"; return;
  case '\t': out += "\\t"; return;
  case '\b': out += "\\b"; return;
  case '\f': out += "\\f"; return;
  default: {
    const auto byte = static_cast<uint8_t>(c);
    out += "\\u00";
    out += digits[byte >> 4];
    out += digits[byte & 15];
  }
  }
}

void append_escaped(std::string& out, std::string_view text) {
  size_t plain = 0; // start of the run that needs no escape
  for (size_t i = 0; i < text.size(); ++i) {
    if (!must_escape[static_cast<uint8_t>(text[i])]) continue;
    out.append(text, plain, i - plain);
    append_escape(out, text[i]);
    plain = i + 1;
  }
  out.append(text, plain);
}

/// Length of the UTF-8 character that `text` starts with; 0 where it starts with none.
size_t character(std::string_view text) {
  const auto lead = static_cast<uint8_t>(text.front());
  const size_t size = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  return size <= text.size() && is_utf8(text.substr(0, size)) ? size : 0;
}

void append_utf8(std::string& out, uint32_t code) {
  const auto put = [&](uint32_t byte) { out.push_back(static_cast<char>(byte)); };
  if (code < 0x80) {
    put(code);
  } else if (code < 0x800) {
    put(0xC0 | code >> 6);
    put(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    put(0xE0 | code >> 12);
    put(0x80 | (code >> 6 & 0x3F));
    put(0x80 | (code & 0x3F));
  } else {
    put(0xF0 | code >> 18);
    put(0x80 | (code >> 12 & 0x3F));
    put(0x80 | (code >> 6 & 0x3F));
    put(0x80 | (code & 0x3F));
  }
}

/// Takes "uXXXX" (the backslash is gone) off the front.
std::optional<uint32_t> take_unit(std::string_view& text) {
  if (text.size() < 5 || text[0] != 'u') return std::nullopt;
  uint32_t unit = 0;
  for (const char c : text.substr(1, 4)) {
    const auto lower = static_cast<char>(c | 0x20);
    if (c >= '0' && c <= '9') {
      unit = unit * 16 + static_cast<uint32_t>(c - '0');
    } else if (lower >= 'a' && lower <= 'f') {
      unit = unit * 16 + static_cast<uint32_t>(lower - 'a' + 10);
    } else {
      return std::nullopt;
    }
  }
  text.remove_prefix(5);
  return unit;
}

/// Takes one escape (the backslash is gone) off the front.
bool take_escape(std::string& out, std::string_view& text) {
  if (text.empty()) return false;
  constexpr std::string_view names = "\"\\/bfnrt", values = "\"\\/\b\f\n\r\t";
  if (const auto at = names.find(text.front()); at != std::string_view::npos) {
    out.push_back(values[at]);
    text.remove_prefix(1);
    return true;
  }
  auto code = take_unit(text);
  if (!code) return false;
  if (*code >= 0xDC00 && *code < 0xE000) return false;
  if (*code >= 0xD800 && *code < 0xDC00) {
    if (!text.starts_with('\\')) return false;
    text.remove_prefix(1);
    const auto low = take_unit(text);
    if (!low || *low < 0xDC00 || *low >= 0xE000) return false;
    code = 0x10000 + ((*code - 0xD800) << 10) + (*low - 0xDC00);
  }
  append_utf8(out, *code);
  return true;
}

} // namespace

std::string with_padding(std::string_view text) {
  std::string out;
  out.reserve(text.size() + json_padding);
  out = text;
  return out;
}

bool is_utf8(std::string_view text) { return simdjson::validate_utf8(text.data(), text.size()); }

void append_json_string(std::string& out, std::string_view text) {
  out.push_back('"');
  if (is_utf8(text)) {
    append_escaped(out, text);
  } else {
    while (!text.empty()) {
      if (const auto size = character(text)) {
        append_escaped(out, text.substr(0, size));
        text.remove_prefix(size);
      } else {
        out += replacement;
        text.remove_prefix(1);
      }
    }
  }
  out.push_back('"');
}

bool append_unescaped(std::string& out, std::string_view inside) {
  const auto before = out.size();
  while (true) {
    const auto slash = inside.find('\\');
    out.append(inside, 0, slash);
    if (slash == std::string_view::npos) return true;
    inside.remove_prefix(slash + 1);
    if (!take_escape(out, inside)) {
      out.resize(before);
      return false;
    }
  }
}

std::string shown(std::string_view text, size_t limit) {
  std::string out;
  while (!text.empty()) {
    const auto size = character(text);
    const auto byte = static_cast<uint8_t>(text.front());
    if (out.size() + std::max<size_t>(size, 1) > limit) return out + "…";
    if (size == 0 || byte < 0x20 || byte == 0x7F) {
      out += '?';
    } else if (byte == '"') {
      out += '\'';
    } else {
      out += text.substr(0, size);
    }
    text.remove_prefix(std::max<size_t>(size, 1));
  }
  return out;
}

std::string in_quotes(std::string_view text, size_t limit) {
  return '"' + shown(text, limit) + '"';
}

} // namespace perennial::jobs
