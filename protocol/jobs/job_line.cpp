#include "protocol/jobs/job_line.hpp"

#include "protocol/jobs/json_text.hpp"

namespace perennial::jobs {

std::string_view to_string(job_format format) noexcept {
  return format == job_format::text ? "text" : "jsonl";
}

result<job_format> parse_job_format(std::string_view word) {
  if (word == "jsonl") return job_format::jsonl;
  if (word == "text") return job_format::text;
  return fail(errc::invalid_input, "{} is not a format; it must be \"jsonl\" or \"text\"",
              in_quotes(word));
}

std::string default_custom_id(uint64_t ordinal) { return fmt::format("line-{}", ordinal + 1); }

} // namespace perennial::jobs
