// Checks the members of a line that is valid JSON: OpenAI's form or the short one. For `.cpp` files
// of this folder only.
#pragma once

#include "protocol/jobs/job_line.hpp"
#include "protocol/jobs/line_problem.hpp"

#include <simdjson.h>

#include <optional>
#include <string>
#include <string_view>

namespace perennial::jobs {

/// What is wrong with a line, before its place in the file is known.
struct finding {
  std::string_view code; ///< One of `problem_code`.
  std::string message;
};
using check = std::optional<finding>;

/// Puts the line's custom_id into `id` as soon as it is known to be good.
check check_form(const simdjson::dom::object& object, const job_rules& rules, uint64_t ordinal,
                 std::string& id);

} // namespace perennial::jobs
