// The result of a line that was called: a success, or a failure that will not be tried again.
#pragma once

#include "actors/work/work_item.hpp"
#include "protocol/provider/call_report.hpp"
#include "protocol/provider/outcome.hpp"
#include "storage/store.hpp"

#include <string_view>

namespace perennial::actors {

/// Renders it. `attempts` counts this call. An HTTP answer keeps its body, whatever its status;
/// without one the outcome's code and sentence stand in "error".
storage::line_result answered_line(const work_item& item, uint32_t attempts,
                                   const perennial::call_report& report,
                                   const perennial::outcome& outcome, std::string_view provider);

} // namespace perennial::actors
