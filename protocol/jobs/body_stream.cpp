#include "protocol/jobs/body_stream.hpp"

#include "protocol/jobs/usage_dom.hpp"

#include <limits>

namespace perennial::jobs {

namespace {

bool is_space(unsigned char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
bool is_digit(unsigned char c) { return c >= '0' && c <= '9'; }

/// Stands for itself in a string.
bool is_plain(unsigned char c) { return c >= 0x20 && c < 0x80 && c != '"' && c != '\\'; }

size_t plain_bytes(std::string_view text) {
  size_t n = 0;
  while (n < text.size() && is_plain(static_cast<unsigned char>(text[n]))) ++n;
  return n;
}

} // namespace

body_stream::body_stream()
  : found_(std::make_unique<usage_fields>()) {}
body_stream::~body_stream() = default;

bool body_stream::feed(std::string_view bytes, std::string& out) {
  size_t kept = 0; // of `bytes`, given to `out`
  for (size_t at = 0; at < bytes.size() && next_ != expects::refused;) {
    if (next_ == expects::string && !high_surrogate_) {
      const auto plain = plain_bytes(bytes.substr(at));
      if (is_key_ && depth_ <= keys_.size() && keys_[depth_ - 1].size() < longest_key) {
        keys_[depth_ - 1].append(bytes.substr(at, std::min(plain, longest_key)));
      }
      at += plain;
      if (at == bytes.size()) break;
    }
    const auto c = static_cast<unsigned char>(bytes[at]);
    next_ = step(c);
    if (c == '\n' || c == '\r') {
      out.append(bytes.substr(kept, at - kept));
      kept = at + 1;
    }
    ++at;
  }
  out.append(bytes.substr(kept));
  return next_ != expects::refused;
}

bool body_stream::whole() const noexcept { return next_ == expects::nothing; }

usage body_stream::usage() const { return found_->sum(); }

body_stream::expects body_stream::step(unsigned char c) {
  switch (next_) {
  case expects::string: return in_string(c);
  case expects::escape: return in_escape(c);
  case expects::hex: return in_hex(c);
  case expects::continuation:
    if (c < low_ || c > high_) return expects::refused;
    low_ = 0x80;
    high_ = 0xbf;
    return --left_ == 0 ? expects::string : expects::continuation;
  case expects::minus:
  case expects::zero:
  case expects::digits:
  case expects::point:
  case expects::fraction:
  case expects::exponent:
  case expects::exponent_sign:
  case expects::exponent_digits: return in_number(c);
  case expects::word:
    if (c != static_cast<unsigned char>(word_.front())) return expects::refused;
    word_.remove_prefix(1);
    return word_.empty() ? end_value() : expects::word;
  case expects::refused: return expects::refused;
  default: break;
  }
  if (is_space(c)) return next_;
  switch (next_) {
  case expects::first_value: return c == ']' ? close(false) : begin_value(c);
  case expects::value: return begin_value(c);
  case expects::first_key:
    if (c == '}') return close(true);
    [[fallthrough]];
  case expects::key:
    if (c != '"') return expects::refused;
    is_key_ = true;
    if (depth_ <= keys_.size()) keys_[depth_ - 1].clear();
    return expects::string;
  case expects::colon: return c == ':' ? expects::value : expects::refused;
  case expects::comma:
    if (c == ',') return is_object_[depth_ - 1] ? expects::key : expects::value;
    return c == '}' || c == ']' ? close(c == '}') : expects::refused;
  default: return expects::refused;
  }
}

body_stream::expects body_stream::open(bool object) {
  if (depth_ == most_levels) return expects::refused;
  if (object && objects_ == depth_) ++objects_;
  is_object_[depth_++] = object;
  return object ? expects::first_key : expects::first_value;
}

body_stream::expects body_stream::close(bool object) {
  if (is_object_[depth_ - 1] != object) return expects::refused;
  --depth_;
  objects_ = std::min(objects_, depth_);
  return end_value();
}

body_stream::expects body_stream::begin_value(unsigned char c) {
  if (c == '{' || c == '[') return open(c == '{');
  if (depth_ == 0) return expects::refused; // an answer is an object or an array
  const auto begin_word = [this](std::string_view rest) {
    word_ = rest;
    return expects::word;
  };
  switch (c) {
  case '"': is_key_ = false; return expects::string;
  case 't': return begin_word("rue");
  case 'f': return begin_word("alse");
  case 'n': return begin_word("ull");
  default: break;
  }
  number_ = 0;
  too_big_ = false;
  counted_ = c != '-';
  if (c == '-') return expects::minus;
  if (!is_digit(c)) return expects::refused;
  number_ = c - '0';
  return c == '0' ? expects::zero : expects::digits;
}

body_stream::expects body_stream::end_value() {
  return depth_ == 0 ? expects::nothing : expects::comma;
}

body_stream::expects body_stream::end_string() { return is_key_ ? expects::colon : end_value(); }

body_stream::expects body_stream::in_string(unsigned char c) {
  if (high_surrogate_ && c != '\\') return expects::refused;
  if (c == '"') return end_string();
  if (c == '\\') return expects::escape;
  if (c < 0x20) return expects::refused;
  if (c < 0x80) return expects::string;
  // UTF-8, as RFC 3629 has it: no detours, no surrogates, nothing beyond U+10FFFF.
  if (c < 0xc2 || c > 0xf4) return expects::refused;
  left_ = c < 0xe0 ? 1 : c < 0xf0 ? 2 : 3;
  if (c == 0xe0) low_ = 0xa0;
  if (c == 0xed) high_ = 0x9f;
  if (c == 0xf0) low_ = 0x90;
  if (c == 0xf4) high_ = 0x8f;
  return expects::continuation;
}

body_stream::expects body_stream::in_escape(unsigned char c) {
  if (c == 'u') {
    left_ = 4;
    code_ = 0;
    return expects::hex;
  }
  if (high_surrogate_) return expects::refused;
  return std::string_view{"\"\\/bfnrt"}.find(static_cast<char>(c)) != std::string_view::npos
           ? expects::string
           : expects::refused;
}

body_stream::expects body_stream::in_hex(unsigned char c) {
  const auto lower = static_cast<unsigned char>(c | 0x20);
  if (is_digit(c)) {
    code_ = code_ * 16 + (c - '0');
  } else if (lower >= 'a' && lower <= 'f') {
    code_ = code_ * 16 + (lower - 'a' + 10);
  } else {
    return expects::refused;
  }
  if (--left_ > 0) return expects::hex;
  const bool low = code_ >= 0xdc00 && code_ <= 0xdfff;
  if (low != high_surrogate_) return expects::refused;
  high_surrogate_ = code_ >= 0xd800 && code_ <= 0xdbff;
  return expects::string;
}

body_stream::expects body_stream::in_number(unsigned char c) {
  const auto digit_or = [c](expects then) { return is_digit(c) ? then : expects::refused; };
  switch (next_) {
  case expects::minus:
    if (c == '0') return expects::zero;
    return digit_or(expects::digits);
  case expects::point: return digit_or(expects::fraction);
  case expects::exponent:
    if (c == '+' || c == '-') return expects::exponent_sign;
    return digit_or(expects::exponent_digits);
  case expects::exponent_sign: return digit_or(expects::exponent_digits);
  case expects::digits:
    if (!is_digit(c)) break;
    too_big_ = too_big_ || number_ > (std::numeric_limits<uint64_t>::max() - 9) / 10;
    if (!too_big_) number_ = number_ * 10 + (c - '0');
    return expects::digits;
  case expects::fraction:
  case expects::exponent_digits:
    if (is_digit(c)) return next_;
    break;
  default: break;
  }
  const bool whole = next_ == expects::zero || next_ == expects::digits;
  if (c == '.' && whole) {
    counted_ = false;
    return expects::point;
  }
  if ((c == 'e' || c == 'E') && next_ != expects::exponent_digits) {
    counted_ = false;
    return expects::exponent;
  }
  return after_number(c);
}

/// The number ended one byte before.
body_stream::expects body_stream::after_number(unsigned char c) {
  note_number();
  next_ = end_value();
  return step(c);
}

/// Keeps the numbers of {"usage": {…, "…_details": {…}}}.
void body_stream::note_number() {
  if (!counted_ || too_big_ || objects_ != depth_ || depth_ < 2 || depth_ > keys_.size()) return;
  if (keys_[0] != "usage") return;
  found_->take(keys_[1], depth_ == 3 ? keys_[2] : std::string_view{}, number_);
}

} // namespace perennial::jobs
