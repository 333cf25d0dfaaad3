#include "actors/results/failed_line.hpp"

#include "protocol/base/duration.hpp"

#include "protocol/jobs/result_line.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace perennial::actors {

storage::line_result failed_line(const work_item& item, uint16_t code, std::string_view error_code,
                                 std::string_view message) {
  jobs::result_fields f;
  f.batch = item.batch->id;
  f.ordinal = item.line;
  f.custom_id = item.custom_id;
  f.error_code = error_code;
  f.error_message = message;
  f.attempts = std::max(item.attempts, 1u);
  f.ambiguous = item.ambiguous;
  for (const auto& w : item.words) f.others.push_back({w.provider, w.code, w.message});
  storage::line_result r;
  r.batch = item.batch->id;
  r.line = item.line;
  r.kind = storage::output_kind::error;
  r.code = code;
  r.attempts = static_cast<uint16_t>(std::min(f.attempts, 0xffffu));
  r.ambiguous = item.ambiguous;
  jobs::render_result(f, r.text);
  return r;
}

storage::line_result overdue_line(const work_item& item, std::string_view last) {
  const auto why = last.empty() ? std::string{} : fmt::format("; the last attempt: {}", last);
  return failed_line(item, storage::result_code::deadline_exceeded, "deadline_exceeded",
                     fmt::format("the line was not done within its deadline of {}{}",
                                 write_duration(item.batch->definition.line_deadline), why));
}

storage::line_result invalid_line(storage::batch_id batch, storage::line_no line,
                                  const jobs::line_problem& problem) {
  jobs::result_fields f;
  f.batch = batch;
  f.ordinal = line;
  f.custom_id = problem.custom_id;
  f.error_code = problem.code;
  f.error_message = problem.message;
  f.line_number = problem.number;
  storage::line_result r;
  r.batch = batch;
  r.line = line;
  r.kind = storage::output_kind::error;
  r.code = storage::result_code::line_invalid;
  jobs::render_result(f, r.text);
  return r;
}

} // namespace perennial::actors
