#include "storage/rocks/blobs.hpp"

#include "protocol/base/clock.hpp"
#include "protocol/base/log.hpp"
#include "storage/rocks/status.hpp"

#include <charconv>

namespace perennial::storage::rocks {

namespace {

constexpr size_t name_bytes = 16 + 1 + 16 + 1 + 16;

bool take_number(std::string_view text, uint64_t& out) {
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), out, 16);
  return failed == std::errc{} && end == text.data() + text.size();
}

} // namespace

std::string to_string(const blob_name& n) {
  return fmt::format("{:016x}-{:016x}-{:016x}", n.batch, n.line, n.number);
}

std::optional<blob_name> parse_blob_name(std::string_view text) {
  if (text.size() != name_bytes || text[16] != '-' || text[33] != '-') return std::nullopt;
  blob_name out;
  const bool good = take_number(text.substr(0, 16), out.batch) &&
                    take_number(text.substr(17, 16), out.line) &&
                    take_number(text.substr(34), out.number);
  return good && to_string(out) == text ? std::optional{out} : std::nullopt;
}

blob_directory::blob_directory(rocksdb::Env& env, std::string path)
  : env_(env)
  , path_(std::move(path))
  , next_(to_unix_ms(wall_now()) << 20) {}

result<std::unique_ptr<rocks_blob>> blob_directory::begin(batch_id batch, line_no line) {
  blob_name name{batch, line, next_++};
  // The clock may have been set back.
  while (env_.FileExists(path_of(name)).ok()) name.number = next_++;
  std::unique_ptr<rocksdb::WritableFile> file;
  const auto status = env_.NewWritableFile(path_of(name), &file, {});
  if (!status.ok()) return tl::unexpected{to_error(status, "making a file for a long result")};
  return std::make_unique<rocks_blob>(*this, name, std::move(file));
}

result<void> blob_directory::read(const blob_name& name, uint64_t offset, size_t size,
                                  std::string& out) const {
  std::unique_ptr<rocksdb::RandomAccessFile> file;
  auto status = env_.NewRandomAccessFile(path_of(name), &file, {});
  if (status.IsPathNotFound() || status.IsNotFound()) {
    return fail(errc::corrupt, "the long result {} is gone", path_of(name));
  }
  if (!status.ok()) return tl::unexpected{to_error(status, "opening a long result")};
  const auto start = out.size();
  out.resize(start + size);
  rocksdb::Slice got;
  status = file->Read(offset, size, &got, out.data() + start);
  if (!status.ok()) return tl::unexpected{to_error(status, "reading a long result")};
  if (got.size() != size) {
    return fail(errc::corrupt, "the long result {} is shorter than it was", path_of(name));
  }
  if (got.data() != out.data() + start) out.replace(start, size, got.data(), size);
  return {};
}

std::optional<uint64_t> blob_directory::size(const blob_name& name) const {
  uint64_t bytes = 0;
  if (!env_.GetFileSize(path_of(name), &bytes).ok()) return std::nullopt;
  return bytes;
}

void blob_directory::remove(const blob_name& name) const {
  const auto status = env_.DeleteFile(path_of(name));
  if (!status.ok()) {
    logging::warn("deleting {}, which no result refers to, failed: {}", path_of(name),
                  status.ToString());
  }
}

result<std::vector<blob_name>> blob_directory::list() const {
  std::vector<std::string> names;
  const auto status = env_.GetChildren(path_, &names);
  std::vector<blob_name> out;
  if (status.IsNotFound() || status.IsPathNotFound()) return out;
  if (!status.ok()) return tl::unexpected{to_error(status, "looking for long results")};
  for (const auto& text : names) {
    if (const auto name = parse_blob_name(text)) out.push_back(*name);
  }
  return out;
}

rocks_blob::~rocks_blob() {
  file_.reset();
  if (!seen_) in_.remove(name_);
}

result<void> rocks_blob::append(std::string_view bytes) {
  const auto status = file_->Append({bytes.data(), bytes.size()});
  if (!status.ok()) return to_result(status, "writing a long result");
  bytes_ += bytes.size();
  return {};
}

result<void> rocks_blob::finish() {
  if (bytes_ > most_blob_bytes) {
    return fail(errc::invalid_input, "a result of {} bytes is longer than can be stored", bytes_);
  }
  auto status = file_->Fsync();
  const auto closed = file_->Close();
  if (status.ok()) status = closed;
  std::unique_ptr<rocksdb::Directory> dir;
  if (status.ok()) status = in_.env_.NewDirectory(in_.path_, &dir);
  if (status.ok()) status = dir->Fsync();
  return to_result(status, "syncing a long result");
}

} // namespace perennial::storage::rocks
