// Where a long answer goes as it comes in, instead of into memory. Implemented by whoever keeps
// answers.
#pragma once

#include "protocol/base/error.hpp"
#include "protocol/provider/call_report.hpp"

#include <string_view>

namespace perennial {

class answer_spill {
public:
  virtual ~answer_spill() = default;

  /// The answer with this status and request id is long: its body comes now.
  virtual result<void> begin(const call_report& head) = 0;
  /// The next bytes, the key covered. errc::invalid_input where they are no good answer; any other
  /// failure: they cannot be kept here.
  virtual result<void> append(std::string_view bytes) = 0;
  /// All of it has come. Fails as `append` does.
  virtual result<void> end() = 0;
};

} // namespace perennial
