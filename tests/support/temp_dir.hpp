// A directory of a test's own, removed with all that is in it.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace perennial::test {

class temp_dir {
public:
  /// Makes it below $TMPDIR (or /tmp). Throws where that is impossible: a test cannot go on.
  temp_dir();
  ~temp_dir();
  temp_dir(const temp_dir&) = delete;
  temp_dir& operator=(const temp_dir&) = delete;

  const std::filesystem::path& path() const { return path_; }
  std::string text() const { return path_.string(); }
  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }

private:
  std::filesystem::path path_;
};

/// A file's content; empty for none.
std::string read_file(const std::filesystem::path& path);

/// Writes a whole file; throws where that fails.
void write_file(const std::filesystem::path& path, std::string_view content);

} // namespace perennial::test
