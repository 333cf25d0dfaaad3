// What providers told of their limits (protect/learned_limits.hpp), remembered across restarts in
// the data directory: without it every start would run into the first 429 again.
//
//   learned_limits = an advice file (advice_file.hpp); the last line of a fingerprint holds
//   text           = limit of requests SP span in ms SP limit of tokens SP span in ms SP "."
//
// Without the dot it is torn.
//
// Thread-safe.
#pragma once

#include "actors/protect/learned_limits.hpp"
#include "actors/work/advice_file.hpp"

#include <map>
#include <mutex>
#include <string>

namespace perennial::actors {

class limit_memory {
public:
  /// Kept at most; beyond that nothing new is remembered.
  static constexpr size_t most = 4096;

  explicit limit_memory(std::string path);

  /// Nothing is known: all zeros.
  learned_limits find(std::string_view base_url, const secret& key) const;
  void put(std::string_view base_url, const secret& key, const learned_limits& limits);

private:
  mutable std::mutex mutex_; ///< of `limits_`
  std::map<std::string, learned_limits, std::less<>> limits_;
  advice_file file_;
};

} // namespace perennial::actors
