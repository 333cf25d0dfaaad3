#include "protocol/http/head_scanner.hpp"

#include "protocol/http/head.hpp"

namespace perennial::http {

head_scanner::outcome head_scanner::refuse(refusal_reason reason, const char* message) {
  why_ = {reason, message};
  return outcome::refused;
}

head_scanner::outcome head_scanner::scan(std::string_view bytes) {
  for (;;) {
    const auto newline = bytes.find('\n', seen_);
    if (newline == std::string_view::npos) break;
    seen_ = newline + 1;
    if (newline == line_ || bytes[newline - 1] != '\r')
      return refuse(refusal_reason::malformed, "A line ends in LF without CR.");
    const auto empty = newline - 1 == line_;
    if (empty && lines_ == 0) {
      if (skipped_) return refuse(refusal_reason::malformed, "There is no request line.");
      skipped_ = true;
      begin_ = seen_;
    } else if (empty) {
      end_ = seen_;
      if (end_ - begin_ > limits_->head_bytes) break;
      return outcome::whole;
    } else if (++lines_ > limits_->header_lines + 1) {
      return refuse(refusal_reason::too_many_headers, "The request has too many header lines.");
    }
    line_ = seen_;
  }
  seen_ = bytes.size();
  const auto size = bytes.size() - begin_;
  constexpr size_t around_the_target = 64; // method, version, spaces
  if (lines_ == 0 && size > limits_->target_bytes + around_the_target)
    return refuse(refusal_reason::target_too_long, "The request's path or query is too long.");
  if (size > limits_->head_bytes)
    return refuse(refusal_reason::head_too_large, "The request's head is too large.");
  // Something else than HTTP (TLS, say) need not be waited for.
  if (size > 0 && lines_ == 0 && bytes[begin_] != '\r' && !is_token_char(bytes[begin_]))
    return refuse(refusal_reason::malformed, "This is not an HTTP request.");
  return outcome::more;
}

} // namespace perennial::http
