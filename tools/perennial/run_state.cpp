#include "tools/perennial/run_state.hpp"

#include "protocol/base/unique_fd.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <vector>

namespace perennial::tool {

namespace {

std::string find(const storage::metadata_list& list, std::string_view key) {
  for (const auto& [k, v] : list) {
    if (k == key) return v;
  }
  return {};
}

} // namespace

result<job_identity> identify(const std::string& path) {
  job_identity id;
  id.path = path;
  if (path == "-") return id;
  struct stat st {};
  if (::stat(path.c_str(), &st) != 0) {
    return fail(errno == ENOENT ? errc::not_found : errc::invalid_input, "the job file {}: {}",
                path, std::strerror(errno));
  }
  if (S_ISDIR(st.st_mode)) {
    return fail(errc::invalid_input, "{} is a directory; give a job file, or - for standard input",
                path);
  }
  id.bytes = static_cast<uint64_t>(st.st_size);
  id.modified_ns = static_cast<uint64_t>(st.st_mtim.tv_sec) * 1'000'000'000u +
                   static_cast<uint64_t>(st.st_mtim.tv_nsec);
  id.inode = st.st_ino;
  return id;
}

storage::metadata_list to_metadata(const job_identity& id) {
  return {{"job_path", id.path},
          {"job_bytes", std::to_string(id.bytes)},
          {"job_modified_ns", std::to_string(id.modified_ns)},
          {"job_inode", std::to_string(id.inode)}};
}

bool is_of_a_run(const storage::batch_record& batch) {
  const auto& meta = batch.definition.metadata;
  const auto has = [&](const auto& wanted) { return !find(meta, wanted.first).empty(); };
  const auto written = to_metadata({.path = "-"});
  return std::all_of(written.begin(), written.end(), has);
}

result<bool> is_same_job(const job_identity& now, const storage::batch_record& batch,
                         const sha256_digest& stored) {
  if (now.path == "-" && ::isatty(STDIN_FILENO) == 1) return true; // nobody types it again
  const auto& meta = batch.definition.metadata;
  if (now.path != "-" && find(meta, "job_bytes") == std::to_string(now.bytes) &&
      find(meta, "job_modified_ns") == std::to_string(now.modified_ns) &&
      find(meta, "job_inode") == std::to_string(now.inode)) {
    return true;
  }
  auto hash = hash_file(now.path);
  if (!hash) return tl::unexpected{hash.error()};
  return *hash == stored || (now.path == "-" && *hash == sha256({}));
}

result<sha256_digest> hash_file(const std::string& path) {
  const unique_fd fd{path == "-" ? ::dup(STDIN_FILENO)
                                 : ::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (!fd) return fail(errc::invalid_input, "the job file {}: {}", path, std::strerror(errno));
  sha256_stream hash;
  std::vector<char> buffer(1 << 20);
  for (;;) {
    const auto n = ::read(fd.get(), buffer.data(), buffer.size());
    if (n == 0) return hash.finish();
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail(errc::io_error, "reading {}: {}", path, std::strerror(errno));
    hash.update({buffer.data(), static_cast<size_t>(n)});
  }
}

} // namespace perennial::tool
