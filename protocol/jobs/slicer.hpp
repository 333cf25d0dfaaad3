// Takes the parts out of job lines that `validator` has found good, without checking them again:
// on-demand, several GB/s. Memory: about 6 bytes for each byte of the longest line up to 1 MiB;
// longer lines one at a time in the process, as in `validator`. One thread.
//
// A line that was never validated does no harm to the process, but what comes out of it may be
// nonsense: on-demand parsing does not look at what it skips.
#pragma once

#include "protocol/jobs/job_line.hpp"

#include <memory>
#include <string_view>

namespace perennial::jobs {

class slicer {
public:
  explicit slicer(job_rules rules);
  ~slicer();
  slicer(slicer&&) noexcept;
  slicer& operator=(slicer&&) noexcept;

  /// The parts of a line, given without its line end; `json_padding` bytes after it must be
  /// readable. The body may be a view into the line. errc::corrupt: this line was not found good
  /// under these rules.
  result<job_line> slice(std::string_view bytes, uint64_t ordinal);

private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

} // namespace perennial::jobs
