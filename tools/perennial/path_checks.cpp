#include "tools/perennial/path_checks.hpp"

#include "tools/perennial/output_file.hpp"
#include "tools/perennial/run_state.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <optional>

namespace perennial::tool {

namespace {

namespace fs = std::filesystem;

/// What is at a path; nothing where there is nothing (`errno` says why).
std::optional<struct stat> look_at(const std::string& path) {
  struct stat found {};
  if (::stat(path.c_str(), &found) != 0) return std::nullopt;
  return found;
}

std::optional<struct stat> look_at_jobs(const std::string& jobs) {
  if (jobs != "-") return look_at(jobs);
  struct stat found {};
  if (::fstat(STDIN_FILENO, &found) != 0) return std::nullopt;
  return found;
}

bool may(const std::string& path, int mode) {
  return ::faccessat(AT_FDCWD, path.c_str(), mode, AT_EACCESS) == 0;
}

/// The folder that `path` is in.
std::string folder_of(const std::string& path) {
  const auto parent = fs::path{path}.parent_path();
  return parent.empty() ? "." : parent.string();
}

result<void> check_target(const std::string& path, const std::string& jobs) {
  const auto found = look_at(path);
  if (!found && errno == ENOENT) return {};
  if (!found) {
    return fail(errc::invalid_input, "-o: {} cannot be written: {}", path, std::strerror(errno));
  }
  if (S_ISDIR(found->st_mode)) {
    return fail(errc::invalid_input, "-o: {} is a directory; name a file for the results", path);
  }
  if (!S_ISREG(found->st_mode)) {
    return fail(
      errc::invalid_input,
      "-o: {} is a device or a pipe, and the results appear whole, by rename; name a file", path);
  }
  const auto input = look_at_jobs(jobs);
  if (input && input->st_dev == found->st_dev && input->st_ino == found->st_ino) {
    return fail(errc::invalid_input,
                "-o: the results would replace the job file: {} is the same file as {}; name "
                "another one",
                path, jobs == "-" ? "the standard input" : jobs);
  }
  return {};
}

result<void> check_folder(const std::string& folder, const std::string& output) {
  const auto found = look_at(folder);
  if (!found) {
    return fail(errc::invalid_input,
                "-o: {} cannot be written, since its folder {} cannot be found: {}; make it first",
                output, folder, std::strerror(errno));
  }
  if (!S_ISDIR(found->st_mode)) {
    return fail(errc::invalid_input, "-o: {} cannot be written, since {} is no directory", output,
                folder);
  }
  if (!may(folder, W_OK | X_OK)) {
    return fail(errc::invalid_input, "-o: {} cannot be written: the folder {}: {}", output, folder,
                std::strerror(errno));
  }
  return {};
}

} // namespace

result<void> check_job_file(const std::string& jobs) {
  if (jobs == "-") return {};
  if (auto there = identify(jobs); !there) return tl::unexpected{there.error()};
  if (!may(jobs, R_OK)) {
    return fail(errc::invalid_input, "the job file {}: {}", jobs, std::strerror(errno));
  }
  return {};
}

result<void> check_output(const std::string& output, const std::string& jobs) {
  if (output.empty() || output == "-") return {};
  if (auto ok = check_target(output, jobs); !ok) return ok;
  if (auto ok = check_folder(folder_of(output), output); !ok) return ok;
  return check_target(output_file::temporary_of(output), jobs);
}

result<void> check_data_dir(const std::string& dir) {
  const auto wrong = [&](std::string_view what) {
    return fail(errc::invalid_input,
                "the data directory {} cannot be {}; give another one (--data)", dir, what);
  };
  if (const auto found = look_at(dir)) {
    if (!S_ISDIR(found->st_mode)) return wrong("used: there is a file of that name");
    if (!may(dir, R_OK | W_OK | X_OK)) {
      return wrong(fmt::format("used: {}", std::strerror(errno)));
    }
    return {};
  }
  // Directories above it that are missing are made with it.
  for (auto above = folder_of(dir);; above = folder_of(above)) {
    const auto found = look_at(above);
    if (!found && errno == ENOENT && folder_of(above) != above) continue;
    if (found && S_ISDIR(found->st_mode)) {
      return may(above, W_OK | X_OK)
               ? result<void>{}
               : wrong(fmt::format("made in {}: {}", above, std::strerror(errno)));
    }
    if (found) return wrong(fmt::format("made: {} is no directory", above));
    if (errno != ENOTDIR || folder_of(above) == above) {
      return wrong(fmt::format("made: {}: {}", above, std::strerror(errno)));
    }
  }
}

} // namespace perennial::tool
