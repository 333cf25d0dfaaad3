// Which keys and models have worked, remembered across restarts in a small file of the data
// directory. Without it a process that starts when only one forbidden line is left would take that
// line's 403 for a wrong key, and wait for ever.
//
//   known_routes = an advice file (advice_file.hpp) of fingerprints with the model, without text
//
// Thread-safe.
#pragma once

#include "actors/work/advice_file.hpp"

#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>

namespace perennial::actors {

class known_routes {
public:
  /// Kept at most; beyond that nothing new is remembered.
  static constexpr size_t most = 65'536;

  /// Reads the file, or begins one.
  explicit known_routes(std::string path);

  /// An empty model asks for the key.
  bool contains(std::string_view base_url, const secret& key, std::string_view model) const;
  void add(std::string_view base_url, const secret& key, std::string_view model);

private:
  mutable std::mutex mutex_; ///< of `prints_`
  std::set<std::string, std::less<>> prints_;
  advice_file file_;
};

} // namespace perennial::actors
