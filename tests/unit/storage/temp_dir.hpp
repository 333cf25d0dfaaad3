// A directory of its own for each test, gone at its end.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>

namespace perennial::test {

class temp_dir {
public:
  temp_dir() {
    path_ = (std::filesystem::temp_directory_path() / "perennial-XXXXXX").string();
    if (::mkdtemp(path_.data()) == nullptr) throw std::runtime_error{"no temporary directory"};
  }
  ~temp_dir() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  temp_dir(const temp_dir&) = delete;
  temp_dir& operator=(const temp_dir&) = delete;

  const std::string& path() const { return path_; }

private:
  std::string path_;
};

} // namespace perennial::test
