// Which providers a line may go to, by the model that it names. A value; the first pattern that
// fits wins: those of [[models]] first, then the providers' own.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace perennial::actors {

/// Whether `name` fits `pattern`, in which `*` stands for any run of characters.
bool matches(std::string_view pattern, std::string_view name);

struct route_target {
  uint32_t provider = 0;
  std::string model;   ///< What that provider calls it; empty: the same.
  uint32_t order = 0;  ///< Lower ones first.
  uint32_t weight = 1; ///< Among those of one order.
};

struct route {
  std::vector<std::string> patterns; ///< None: every model.
  std::vector<route_target> targets; ///< By order; never empty.
  bool failover = false;
  std::chrono::milliseconds failover_after{0};
};

class routes {
public:
  /// `patterns[i]` are the models of provider i, in the order of the configuration. A provider with
  /// no pattern takes everything. `first` goes before them.
  explicit routes(std::vector<std::vector<std::string>> patterns, std::vector<route> first = {});

  /// Where lines of the model go; null where no provider takes it.
  const route* route_of(std::string_view model) const;

  /// The index of the provider that they go to first, or nothing where none takes the model.
  std::optional<uint32_t> find(std::string_view model) const;

  /// Whether lines of the provider may go on to another one.
  bool has_others(uint32_t provider) const;

  /// Of the providers.
  size_t size() const { return providers_; }
  const std::vector<route>& all() const { return routes_; }

private:
  size_t providers_;
  std::vector<route> routes_;
};

} // namespace perennial::actors
