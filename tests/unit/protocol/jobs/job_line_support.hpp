// A line as the splitter would give it, for tests of what reads lines.
#pragma once

#include "protocol/jobs/json_text.hpp"
#include "protocol/jobs/line_splitter.hpp"

#include <string>
#include <string_view>

namespace perennial::jobs::test {

/// Owns the bytes; use `get()` while it lives.
class owned_line {
public:
  explicit owned_line(std::string_view text)
    : text_(with_padding(text)) {}

  line get(uint64_t ordinal = 4, uint64_t number = 7, uint64_t offset = 100) const {
    line l;
    l.bytes = text_;
    l.ordinal = ordinal;
    l.number = number;
    l.offset = offset;
    l.size = text_.size();
    return l;
  }

private:
  std::string text_;
};

/// An OpenAI line with this custom_id and body.
inline std::string openai_line(std::string_view id, std::string_view body) {
  std::string out = R"({"custom_id":")";
  out.append(id).append(R"(","method":"POST","url":"/v1/chat/completions","body":)");
  return out.append(body).append("}");
}

} // namespace perennial::jobs::test
