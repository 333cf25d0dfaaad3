// Checks job lines: everything that can be known without the other lines (so not whether a
// custom_id is unique). Full validation with simdjson's DOM, about 1.5 GB/s; `slicer` then takes
// the parts of a good line without checking it again.
//
// Lines up to 1 MiB are parsed by a parser of the validator's own (about 12 bytes of memory for
// each byte of the longest). Longer ones are parsed one at a time in the whole process, by a parser
// that is freed after use. One thread.
#pragma once

#include "protocol/jobs/job_line.hpp"
#include "protocol/jobs/line_problem.hpp"

#include <tl/expected.hpp>

#include <memory>
#include <string_view>

namespace perennial::jobs {

class validator {
public:
  explicit validator(job_rules rules);
  ~validator();
  validator(validator&&) noexcept;
  validator& operator=(validator&&) noexcept;

  /// Checks a line as `line_splitter` gave it. `json_padding` bytes after `l.bytes` must be
  /// readable. A good line's custom_id is valid until the next call.
  tl::expected<std::string_view, line_problem> validate(const line& l);

private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

} // namespace perennial::jobs
