#include "protocol/http/multipart_head.hpp"

#include "protocol/base/text.hpp"
#include "protocol/http/head.hpp"

namespace perennial::http {

namespace {

/// Takes a quoted string off the front, its quotes too.
std::string take_quoted(std::string_view& text) {
  std::string out;
  text.remove_prefix(1);
  while (!text.empty() && text.front() != '"') {
    const auto escaped = text.size() > 1 && text[0] == '\\' && (text[1] == '"' || text[1] == '\\');
    if (escaped) text.remove_prefix(1);
    out += text.front();
    text.remove_prefix(1);
  }
  if (!text.empty()) text.remove_prefix(1);
  return out;
}

/// What stands before the first semicolon.
std::string_view main_value(std::string_view value) {
  return trimmed(value.substr(0, value.find(';')));
}

} // namespace

std::optional<std::string> header_parameter(std::string_view value, std::string_view name) {
  for (;;) {
    const auto semicolon = value.find(';');
    if (semicolon == std::string_view::npos) return std::nullopt;
    value = trimmed(value.substr(semicolon + 1));
    const auto equals = value.find_first_of("=;");
    if (equals == std::string_view::npos) return std::nullopt;
    if (value[equals] == ';') continue;
    const auto found = same_word(trimmed(value.substr(0, equals)), name);
    value = trimmed(value.substr(equals + 1));
    if (value.starts_with('"')) {
      auto text = take_quoted(value);
      if (found) return text;
    } else if (found) {
      return std::string{main_value(value)};
    }
  }
}

result<part_head> parse_part_head(std::string_view bytes) {
  std::optional<std::string_view> disposition;
  part_head out;
  while (!bytes.empty()) {
    const auto end = bytes.find("\r\n");
    const auto line = bytes.substr(0, end);
    bytes.remove_prefix(end == std::string_view::npos ? bytes.size() : end + 2);
    const auto colon = line.find(':');
    if (colon == std::string_view::npos || colon == 0)
      return fail(errc::invalid_input, "a part of the form has a broken header line");
    const auto name = trimmed(line.substr(0, colon));
    const auto value = trimmed(line.substr(colon + 1));
    if (same_word(name, "content-disposition")) {
      if (disposition) return fail(errc::invalid_input, "a part of the form has two dispositions");
      disposition = value;
    } else if (same_word(name, "content-type")) {
      out.content_type = value;
    }
  }
  if (!disposition || !same_word(main_value(*disposition), "form-data"))
    return fail(errc::invalid_input, "a part of the form has no Content-Disposition: form-data");
  auto name = header_parameter(*disposition, "name");
  if (!name) return fail(errc::invalid_input, "a part of the form has no name");
  out.name = std::move(*name);
  out.filename = header_parameter(*disposition, "filename");
  // RFC 7578 §4.2 forbids `filename*`, and some send it all the same: it still says "a file".
  if (!out.filename) out.filename = header_parameter(*disposition, "filename*");
  return out;
}

} // namespace perennial::http
