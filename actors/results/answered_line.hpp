// The result of a line that was called: a success, or a failure that will not be tried again.
#pragma once

#include "actors/work/work_item.hpp"
#include "protocol/jobs/result_line.hpp"
#include "protocol/provider/call_report.hpp"
#include "protocol/provider/outcome.hpp"
#include "storage/store.hpp"

#include <string_view>

namespace perennial::actors {

/// What the line says of an HTTP answer, all but its body.
jobs::result_fields answer_fields(const work_item& item, const call_report& report);

/// Who answered, where that is worth saying, and what the others said.
void name_providers(jobs::result_fields& f, const work_item& item, std::string_view provider,
                    bool failed);

/// The result of a good answer, all but its text and tokens.
storage::line_result answer_entry(const work_item& item, uint32_t attempts,
                                  const call_report& report);

/// Renders it. `attempts` counts this call. An HTTP answer keeps its body, whatever its status;
/// without one the outcome's code and sentence stand in "error".
storage::line_result answered_line(const work_item& item, uint32_t attempts,
                                   const call_report& report, const perennial::outcome& outcome,
                                   std::string_view provider);

} // namespace perennial::actors
