// A file that appears whole or not at all: written beside its name, synced, renamed, the directory
// synced. Destroyed before `commit`, it leaves nothing.
#pragma once

#include "protocol/base/error.hpp"
#include "protocol/base/unique_fd.hpp"

#include <string>
#include <string_view>

namespace perennial::tool {

class output_file {
public:
  static result<output_file> create(const std::string& path);
  /// Where it is written until `commit`.
  static std::string temporary_of(const std::string& path) { return path + ".part"; }
  output_file(output_file&&) noexcept = default;
  output_file& operator=(output_file&&) = delete;
  ~output_file();

  result<void> write(std::string_view bytes);
  result<void> commit();

private:
  output_file(std::string path, std::string temporary, unique_fd fd)
    : path_(std::move(path))
    , temporary_(std::move(temporary))
    , fd_(std::move(fd)) {}
  result<void> flush();

  std::string path_;
  std::string temporary_;
  unique_fd fd_;
  std::string buffer_;
};

} // namespace perennial::tool
