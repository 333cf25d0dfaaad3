#include "tools/perennial/job_import.hpp"

#include "protocol/base/unique_fd.hpp"

#include "tools/perennial/disk_wait.hpp"

#include <fcntl.h>
#include <poll.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <vector>

namespace perennial::tool {

namespace {

constexpr size_t read_bytes = 1 << 20;
constexpr int poll_ms = 200; // standard input may be silent for long; Ctrl-C must be heard

} // namespace

result<storage::file_record> import_job_file(storage::store& db, actors::disk_room& disk,
                                             const job_identity& job, const signals& interrupts,
                                             const std::function<bool(uint64_t)>& go_on) {
  const bool from_stdin = job.path == "-";
  const unique_fd opened{from_stdin ? -1 : ::open(job.path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (!from_stdin && !opened) {
    return fail(errc::invalid_input, "the job file {}: {}", job.path, std::strerror(errno));
  }
  const int fd = from_stdin ? STDIN_FILENO : opened.get();
  storage::new_file what;
  what.name = from_stdin ? "stdin" : std::filesystem::path{job.path}.filename().string();
  what.created = wall_now();
  const auto length = from_stdin ? std::nullopt : std::optional{job.bytes};
  if (length && !disk.can_ever_hold(*length)) {
    return fail(errc::invalid_input,
                "{} does not fit on the disk of the state directory beside the room that is kept "
                "for results; give another directory with --data",
                job.path);
  }
  auto room = when_there_is_room(interrupts, [&] { return disk.begin_upload(length); });
  if (!room) return tl::unexpected{room.error()};
  auto upload = db.begin_upload(what);
  if (!upload) return tl::unexpected{upload.error()};
  std::vector<char> buffer(read_bytes);
  uint64_t total = 0;
  for (;;) {
    if (!go_on(total)) return fail(errc::cancelled, "stopped while the job file was read");
    pollfd p{fd, POLLIN, 0};
    if (from_stdin && ::poll(&p, 1, poll_ms) == 0) continue;
    const auto n = ::read(fd, buffer.data(), buffer.size());
    if (n < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (n < 0) return fail(errc::io_error, "reading {}: {}", job.path, std::strerror(errno));
    if (n == 0) break;
    total += static_cast<uint64_t>(n);
    auto fits = when_there_is_room(interrupts, [&] { return room->grew(total); });
    if (!fits) return tl::unexpected{fits.error()};
    if (auto ok = (*upload)->append({buffer.data(), static_cast<size_t>(n)}); !ok) {
      return tl::unexpected{ok.error()};
    }
  }
  return (*upload)->finish();
}

} // namespace perennial::tool
