// Which provider a line goes to, by the model that it names. A value; the first pattern that fits
// wins.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace perennial::actors {

/// Whether `name` fits `pattern`, in which `*` stands for any run of characters.
bool matches(std::string_view pattern, std::string_view name);

class routes {
public:
  /// `patterns[i]` are the models of provider i, in the order of the configuration. A provider with
  /// no pattern takes everything.
  explicit routes(std::vector<std::vector<std::string>> patterns);

  /// The index of the provider, or nothing where none takes the model.
  std::optional<uint32_t> find(std::string_view model) const;

  size_t size() const { return patterns_.size(); }

private:
  std::vector<std::vector<std::string>> patterns_;
};

} // namespace perennial::actors
