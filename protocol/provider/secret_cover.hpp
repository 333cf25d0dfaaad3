// Covers a secret in a text that comes in pieces, wherever the pieces are cut.
#pragma once

#include "protocol/provider/secret.hpp"

#include <string>
#include <string_view>

namespace perennial {

class secret_cover {
public:
  /// The secret must outlive it.
  explicit secret_cover(const secret& what)
    : what_(what) {}

  /// Takes the next piece. @returns what can be shown by now; valid until the next call.
  std::string_view feed(std::string_view piece) {
    held_.erase(0, shown_);
    held_.append(piece);
    what_.hide_in(held_);
    // The last bytes may be the beginning of it.
    const size_t keep = what_.empty() ? 0 : what_.reveal().size() - 1;
    shown_ = held_.size() > keep ? held_.size() - keep : 0;
    return std::string_view{held_}.substr(0, shown_);
  }

  /// The rest, after the last piece.
  std::string_view rest() const { return std::string_view{held_}.substr(shown_); }

private:
  const secret& what_;
  std::string held_;
  size_t shown_ = 0;
};

} // namespace perennial
