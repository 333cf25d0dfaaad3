// simdjson parsers by loan. A parser keeps about 14 bytes for each byte of the largest document it
// has read; one for each of 4,000 workers would hold what a few can share, as parsing takes
// microseconds and calls take long.
#pragma once

#include <simdjson.h>

#include <memory>
#include <string>
#include <string_view>

namespace perennial {

/// Takes a parser from the process's stock and gives it back at the end, unless it has grown large.
class borrowed_parser {
public:
  borrowed_parser();
  ~borrowed_parser();
  borrowed_parser(const borrowed_parser&) = delete;
  borrowed_parser& operator=(const borrowed_parser&) = delete;

  simdjson::dom::parser& operator*() noexcept { return *parser_; }
  simdjson::dom::parser* operator->() noexcept { return parser_.get(); }

private:
  std::unique_ptr<simdjson::dom::parser> parser_;
};

/// True where `text` is one whole JSON object or array in UTF-8. Fastest with room for simdjson's
/// padding behind it, as a `call_report`'s body has.
bool is_json_container(const std::string& text);

} // namespace perennial
