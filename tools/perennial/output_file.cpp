#include "tools/perennial/output_file.hpp"

#include <fcntl.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

namespace perennial::tool {

namespace {

constexpr size_t buffer_bytes = 1 << 20;

tl::unexpected<error> failed(const std::string& path, std::string_view what) {
  const auto kind = errno == ENOSPC ? errc::no_space : errc::io_error;
  return fail(kind, "{} {}: {}", what, path, std::strerror(errno));
}

} // namespace

result<output_file> output_file::create(const std::string& path) {
  auto temporary = temporary_of(path);
  unique_fd fd{::open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644)};
  if (!fd) return failed(temporary, "cannot write");
  return output_file{path, std::move(temporary), std::move(fd)};
}

output_file::~output_file() {
  if (fd_) ::unlink(temporary_.c_str());
}

result<void> output_file::flush() {
  std::string_view left{buffer_};
  while (!left.empty()) {
    const auto n = ::write(fd_.get(), left.data(), left.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return failed(temporary_, "cannot write");
    left.remove_prefix(static_cast<size_t>(n));
  }
  buffer_.clear();
  // The disk begins now, so that the sync at the end finds little left; only a hint.
  ::sync_file_range(fd_.get(), 0, 0, SYNC_FILE_RANGE_WRITE);
  return {};
}

result<void> output_file::write(std::string_view bytes) {
  buffer_.append(bytes);
  return buffer_.size() < buffer_bytes ? result<void>{} : flush();
}

result<void> output_file::commit() {
  if (auto ok = flush(); !ok) return ok;
  if (::fsync(fd_.get()) != 0) return failed(temporary_, "cannot sync");
  if (std::rename(temporary_.c_str(), path_.c_str()) != 0) return failed(path_, "cannot rename to");
  fd_.reset();
  const auto parent = std::filesystem::absolute(path_).parent_path();
  const unique_fd dir{::open(parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  if (!dir || ::fsync(dir.get()) != 0) return failed(parent.string(), "cannot sync");
  return {};
}

} // namespace perennial::tool
