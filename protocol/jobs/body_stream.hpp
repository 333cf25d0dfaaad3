// A body that is too long to be held, checked and made one line of as it comes: memory for a few
// hundred bytes, whatever its length. What it takes for JSON is what simdjson does for shorter
// ones: RFC 8259 in UTF-8, nested at most 1,024 deep.
#pragma once

#include "protocol/jobs/usage.hpp"

#include <array>
#include <bitset>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace perennial::jobs {

class body_stream {
public:
  body_stream();
  ~body_stream();
  body_stream(const body_stream&) = delete;
  body_stream& operator=(const body_stream&) = delete;

  /// Takes the next bytes and appends to `out` what stays of them: all but the line breaks, which
  /// may stand between JSON's words only. False once it cannot become JSON any more.
  bool feed(std::string_view bytes, std::string& out);

  /// True where what came was one whole object or array.
  bool whole() const noexcept;

  /// As `usage_of`, of what came so far.
  jobs::usage usage() const;

private:
  enum class expects : uint8_t {
    value,
    first_value, ///< Of an array: or its end.
    first_key,   ///< Of an object: or its end.
    key,
    colon,
    comma, ///< Or the end of the object or array.
    string,
    escape,
    hex,
    continuation, ///< The rest of a character of several bytes.
    minus,        ///< A digit behind it.
    zero,         ///< Behind a leading zero.
    digits,
    point, ///< A digit behind it.
    fraction,
    exponent,      ///< A sign or a digit.
    exponent_sign, ///< A digit behind it.
    exponent_digits,
    word,    ///< true, false, null
    nothing, ///< The end is reached: only spaces may follow.
    refused,
  };

  expects step(unsigned char c);
  expects open(bool object);
  expects close(bool object);
  expects begin_value(unsigned char c);
  expects end_value();
  expects end_string();
  expects in_string(unsigned char c);
  expects in_escape(unsigned char c);
  expects in_hex(unsigned char c);
  expects in_number(unsigned char c);
  expects after_number(unsigned char c);
  void note_number();

  static constexpr size_t most_levels = 1024;
  static constexpr size_t longest_key = 64;

  expects next_ = expects::value;
  std::bitset<most_levels> is_object_;
  size_t depth_ = 0;
  bool is_key_ = false;  ///< The string is a member's name.
  bool counted_ = false; ///< The number is whole, and nothing but digits.
  uint64_t number_ = 0;
  bool too_big_ = false;
  std::string_view word_; ///< What is left of it.
  unsigned left_ = 0;     ///< Hex digits, or bytes of a character.
  uint32_t code_ = 0;
  bool high_surrogate_ = false; ///< Its other half must follow.
  unsigned char low_ = 0x80;    ///< Between these is the character's next byte.
  unsigned char high_ = 0xbf;
  std::array<std::string, 3> keys_; ///< Of the topmost levels.
  size_t objects_ = 0;              ///< Levels from the top that are objects.
  std::unique_ptr<class usage_fields> found_;
};

} // namespace perennial::jobs
