#include "tools/perennial/output_record.hpp"

#include "tools/perennial/output_file.hpp"

#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace perennial::tool {

namespace {

std::string record_path(const std::string& data_dir) {
  return (std::filesystem::path{data_dir} / "output").string();
}

/// The record of the file as it is now. errc::not_found.
result<std::string> describe(storage::batch_id batch, const std::string& output) {
  struct stat now {};
  if (::stat(output.c_str(), &now) != 0) {
    return fail(errc::not_found, "{}: {}", output, std::strerror(errno));
  }
  const auto modified = static_cast<uint64_t>(now.st_mtim.tv_sec) * 1'000'000'000u +
                        static_cast<uint64_t>(now.st_mtim.tv_nsec);
  return fmt::format(
    "perennial output 1\nbatch {:016x}\nbytes {}\nmodified_ns {}\ninode {}\npath {}\n", batch,
    now.st_size, modified, now.st_ino,
    std::filesystem::absolute(output).lexically_normal().string());
}

} // namespace

bool is_recorded_output(const std::string& data_dir, storage::batch_id batch,
                        const std::string& output) {
  const auto now = describe(batch, output);
  if (!now) return false;
  std::ifstream in{record_path(data_dir), std::ios::binary};
  const std::string recorded{std::istreambuf_iterator<char>{in}, {}};
  return recorded == *now;
}

result<void> record_output(const std::string& data_dir, storage::batch_id batch,
                           const std::string& output) {
  const auto now = describe(batch, output);
  if (!now) return tl::unexpected{now.error()};
  auto file = output_file::create(record_path(data_dir));
  if (!file) return tl::unexpected{file.error()};
  if (auto ok = file->write(*now); !ok) return ok;
  return file->commit();
}

} // namespace perennial::tool
