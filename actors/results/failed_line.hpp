// Results of lines that got no answer worth keeping: rendered as OpenAI renders requests that never
// ran.
#pragma once

#include "actors/work/work_item.hpp"
#include "protocol/jobs/line_problem.hpp"
#include "storage/store.hpp"

#include <string_view>

namespace perennial::actors {

/// A line that failed by our own verdict. `code` is one of storage::result_code.
storage::line_result failed_line(const work_item& item, uint16_t code, std::string_view error_code,
                                 std::string_view message);

/// A line whose own deadline is over. `last` is what its last attempt came to; may be empty.
storage::line_result overdue_line(const work_item& item, std::string_view last);

/// A line that validation refused, where bad lines are skipped.
storage::line_result invalid_line(storage::batch_id batch, storage::line_no line,
                                  const jobs::line_problem& problem);

} // namespace perennial::actors
