// Finds the end of a request's head in bytes that come in any pieces, and refuses as soon as it is
// clear that none will be good: a head over its limits is never read to its end. Pure.
#pragma once

#include "protocol/http/edge_limits.hpp"
#include "protocol/http/edge_refusal.hpp"

#include <cstddef>
#include <optional>
#include <string_view>

namespace perennial::http {

class head_scanner {
public:
  explicit head_scanner(const edge_limits& limits)
    : limits_(&limits) {}

  enum class outcome { more, whole, refused };

  /// `bytes` are all that was received of this head so far; what was looked at before is not looked
  /// at again.
  outcome scan(std::string_view bytes);

  /// Once whole: where the head starts (an empty line before it is skipped) and where it ends.
  size_t begin() const { return begin_; }
  size_t end() const { return end_; }

  /// Once refused: why.
  const refusal& why() const { return why_; }

private:
  outcome refuse(refusal_reason reason, const char* message);

  const edge_limits* limits_;
  size_t begin_ = 0;
  size_t end_ = 0;
  size_t seen_ = 0;      // bytes looked at
  size_t line_ = 0;      // where the current line starts
  size_t lines_ = 0;     // whole lines, the request line among them
  bool skipped_ = false; // the one empty line that may stand before a request
  refusal why_;
};

} // namespace perennial::http
