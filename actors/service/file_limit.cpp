#include "actors/service/file_limit.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <cstring>

namespace perennial::actors {

namespace {

/// What the store, the log and the service's own clients may need besides the connections.
constexpr uint64_t other_files = 512;

} // namespace

uint64_t most_calls_by_files() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
  return limit.rlim_cur - std::min<uint64_t>(limit.rlim_cur, other_files);
}

result<void> raise_file_limit(const service_config& config) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) {
    return fail(errc::internal, "the limit of open files cannot be read: {}", std::strerror(errno));
  }
  if (limit.rlim_cur < limit.rlim_max) {
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
    ::getrlimit(RLIMIT_NOFILE, &limit);
  }
  uint64_t needed = other_files;
  for (const auto& p : config.providers) needed += p.max_in_flight;
  if (limit.rlim_cur < needed) {
    return fail(
      errc::invalid_input,
      "{} calls in flight need {} open files, and the limit is {}; raise it (ulimit -n {}) or "
      "lower the concurrency",
      needed - other_files, needed, limit.rlim_cur, needed);
  }
  return {};
}

} // namespace perennial::actors
