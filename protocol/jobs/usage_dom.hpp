// Reads the usage out of a body, parsed already or as it is parsed. For `.cpp` files of this folder
// only.
#pragma once

#include "protocol/jobs/usage.hpp"

#include <simdjson.h>

#include <string_view>

namespace perennial::jobs {

usage usage_of(const simdjson::dom::element& body);

/// Gathers the members of "usage", whatever their order.
class usage_fields {
public:
  /// `detail` is the member inside `key`, or empty where `key` is the number itself.
  void take(std::string_view key, std::string_view detail, uint64_t number);
  /// The total is the sum where none was told.
  usage sum() const;

private:
  usage out_;
  bool has_total_ = false;
};

} // namespace perennial::jobs
