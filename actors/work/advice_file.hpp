// A small file of the data directory that remembers something of URLs and keys across restarts,
// without holding either: a random salt, then a line for each thing that is known, which begins
// with a fingerprint.
//
//   file        = salt LF (fingerprint [SP text] LF)*       salt, fingerprint: 64 hexadecimal
//   digits fingerprint = SHA-256 of salt, base URL, key, and a name, each behind its length
//
// The salt is random and a key has far more bits than can be tried. Advice: not synced, and what
// cannot be read of it is as if it had never been written.
#pragma once

#include "protocol/provider/secret.hpp"

#include <functional>
#include <string>
#include <string_view>

namespace perennial::actors {

class advice_file {
public:
  /// Reads the file, or begins one. `take` gets each line's fingerprint and text, in order; false:
  /// no more are wanted.
  advice_file(std::string path,
              const std::function<bool(std::string_view, std::string_view)>& take);

  std::string fingerprint(std::string_view base_url, const secret& key,
                          std::string_view name) const;

  /// One write at the end, so that a line is never torn by another.
  void append(std::string_view fingerprint, std::string_view text = {}) const;

  /// Begins the file anew, with these lines and the same salt.
  void rewrite(std::string_view lines) const;

private:
  std::string path_;
  std::string salt_;
};

} // namespace perennial::actors
