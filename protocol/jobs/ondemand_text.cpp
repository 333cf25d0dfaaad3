#include "protocol/jobs/ondemand_text.hpp"

#include "protocol/jobs/json_text.hpp"

#include <cstring>

namespace perennial::jobs {

simdjson::error_code read_key(simdjson::ondemand::field& field, std::string& room,
                              written_key& out) {
  // The key's end was found by the parser's first pass, so the quote is there.
  const auto* begin = field.key().raw();
  const auto* end = begin;
  while (*end != '"') end += *end == '\\' ? 2 : 1;
  const std::string_view inside{begin, static_cast<size_t>(end - begin)};
  out.text = {begin - 1, inside.size() + 2};
  if (inside.find('\\') == std::string_view::npos) {
    out.name = inside;
    return simdjson::SUCCESS;
  }
  room.clear();
  if (!append_unescaped(room, inside)) return simdjson::STRING_ERROR;
  out.name = room;
  return simdjson::SUCCESS;
}

simdjson::error_code read_text(simdjson::ondemand::value& value, std::string_view& out) {
  return simdjson::to_json_string(value).get(out);
}

} // namespace perennial::jobs
