// How many tokens a line will cost, before it is sent: for a limit of tokens per minute. Put right
// when the answer says how many it were.
#pragma once

#include <charconv>
#include <cstdint>
#include <string_view>

namespace perennial::actors {

class token_guess {
public:
  /// A quarter of the body's bytes, and what the body says it wants at most; where it says nothing,
  /// what answers had on average.
  int64_t of(std::string_view body) const {
    const auto asked = told(body);
    return static_cast<int64_t>(body.size() / 4) +
           (asked >= 0 ? asked : static_cast<int64_t>(out_));
  }

  /// An answer had so many tokens.
  void learn(uint64_t output) { out_ += (static_cast<double>(output) - out_) / 32.0; }

private:
  /// The number behind "max_tokens" or its newer name; less than 0 where there is none. A mention
  /// of it in a prompt has a backslash before its last quote, and is not found.
  static int64_t told(std::string_view body) {
    for (const std::string_view name : {"\"max_completion_tokens\"", "\"max_tokens\""}) {
      auto at = body.find(name);
      if (at == std::string_view::npos) continue;
      at = body.find_first_not_of(": \t\r\n", at + name.size());
      if (at == std::string_view::npos) continue;
      uint32_t n = 0;
      if (std::from_chars(body.data() + at, body.data() + body.size(), n).ec == std::errc{})
        return n;
    }
    return -1;
  }

  double out_ = 256;
};

} // namespace perennial::actors
