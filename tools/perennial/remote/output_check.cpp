#include "tools/perennial/remote/output_check.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

namespace perennial::tool {

namespace {

bool same_file(const struct stat& output, const std::string& jobs) {
  struct stat input {};
  const auto failed = jobs == "-" ? ::fstat(STDIN_FILENO, &input) : ::stat(jobs.c_str(), &input);
  return failed == 0 && input.st_dev == output.st_dev && input.st_ino == output.st_ino;
}

} // namespace

result<void> check_output(const std::string& output, const std::string& jobs) {
  if (output.empty() || output == "-") return {};
  struct stat there {};
  if (::stat(output.c_str(), &there) == 0) {
    if (S_ISDIR(there.st_mode)) {
      return fail(errc::invalid_input, "the output {} is a directory; name a file in it", output);
    }
    if (!S_ISREG(there.st_mode)) { // it would be replaced by a file
      return fail(errc::invalid_input,
                  "the output {} is no ordinary file; name another, or write -o - for standard "
                  "output",
                  output);
    }
    if (!jobs.empty() && same_file(there, jobs)) {
      return fail(errc::invalid_input,
                  "the output {} is the job file, which the results would replace; name another",
                  output);
    }
  }
  std::error_code ignored;
  const auto folder = std::filesystem::absolute(output, ignored).parent_path();
  if (::access(folder.c_str(), W_OK | X_OK) != 0) {
    return fail(errc::invalid_input, "the output {} cannot be written: its folder {}: {}", output,
                folder.string(), std::strerror(errno));
  }
  return {};
}

} // namespace perennial::tool
