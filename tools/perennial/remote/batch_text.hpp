// A batch of a running service, for people; and what it means for the exit status. Pure.
#pragma once

#include "protocol/base/error.hpp"
#include "protocol/openai/batch_object.hpp"
#include "tools/perennial/progress_view.hpp"

#include <string>
#include <vector>

namespace perennial::tool {

/// Nothing will happen to it any more.
bool is_final(const openai::batch_object& b);

/// What `submit --wait`, `status` and `results` end with, once the batch is final.
int exit_status(const openai::batch_object& b);

/// What a command ends with that could not do its work.
int exit_status(const error& e);

/// "in_progress (paused: asked for)".
std::string status_text(const openai::batch_object& b);

/// Everything of one batch, several lines.
std::string details(const openai::batch_object& b);

/// A table with a head, newest first.
std::string table(const std::vector<openai::batch_object>& batches);

/// How many bad lines are shown.
inline constexpr size_t problems_shown = 20;

/// The lines that kept a batch from starting; `jobs` is what to call the file.
std::vector<std::string> problem_lines(const openai::batch_object& b, const std::string& jobs,
                                       size_t most);

/// The counts as a summary shows them.
run_summary summary_of(const openai::batch_object& b);

} // namespace perennial::tool
