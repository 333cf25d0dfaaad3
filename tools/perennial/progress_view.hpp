// The one line of progress, and the summary at the end. Values: what they show comes in.
#pragma once

#include "protocol/base/clock.hpp"
#include "storage/records.hpp"

#include <deque>
#include <string>
#include <utility>

namespace perennial::tool {

struct progress_sample {
  uint64_t done = 0; ///< Completed and failed.
  uint64_t total = 0;
  uint64_t failed = 0;
  uint64_t in_flight = 0;
  uint64_t rss_bytes = 0;
  std::string note; ///< "validating", "the provider is away (probe in 8 s)"…
};

/// Rate over the last seconds, so that the ETA follows what happens now.
class progress_view {
public:
  std::string line(const progress_sample& now, steady_time at);
  /// Lines per second over the window; 0 before there is one.
  double rate() const;

private:
  std::deque<std::pair<steady_time, uint64_t>> window_;
};

struct run_summary {
  storage::batch_progress counts; ///< Along the whole chain of retries.
  std::chrono::milliseconds wall{0};
  uint64_t done_now = 0; ///< Results of this invocation.
  uint64_t peak_rss = 0; ///< 0: not ours to tell.
  std::string output;
  std::string data_dir;
};

/// For people, several lines.
std::string to_text(const run_summary& s);
/// For programs, one JSON object.
std::string to_json(const run_summary& s);

} // namespace perennial::tool
