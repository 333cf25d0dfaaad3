// Result lines too long for the database: each is a file of its own under blobs/, written once, as
// it comes. Its name says whose result it is; a row of `output` refers to it.
//
//   begin ─▶ append… ─▶ finish (file and directory synced) ─▶ commit: the row (synced)
//     └───────────┴─ died ─▶ deleted            a crash before the row ─▶ the next start deletes it
//
// Once a commit has seen a blob only the store deletes it: whether the row is on disk may be in
// doubt.
#pragma once

#include "storage/record_codec.hpp"
#include "storage/store.hpp"

#include <rocksdb/env.h>

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace perennial::storage::rocks {

/// What a file's name says.
struct blob_name {
  batch_id batch = 0;
  line_no line = 0;
  uint64_t number = 0;
};

/// "<batch>-<line>-<number>" in hexadecimal digits of fixed number.
std::string to_string(const blob_name& name);
std::optional<blob_name> parse_blob_name(std::string_view text);

class rocks_blob;

/// The directory of the blobs. Thread-safe.
class blob_directory {
public:
  /// `path` ends with a slash.
  blob_directory(rocksdb::Env& env, std::string path);

  result<std::unique_ptr<rocks_blob>> begin(batch_id batch, line_no line);
  /// At most `size` bytes of a blob from `offset` on, appended to `out`. errc::corrupt where the
  /// file is shorter, or gone.
  result<void> read(const blob_name& name, uint64_t offset, size_t size, std::string& out) const;
  /// The file's size now; nothing where there is none.
  std::optional<uint64_t> size(const blob_name& name) const;
  void remove(const blob_name& name) const;
  /// Everything in the directory; what is no blob is left out.
  result<std::vector<blob_name>> list() const;

private:
  friend class rocks_blob;
  std::string path_of(const blob_name& name) const { return path_ + to_string(name); }

  rocksdb::Env& env_;
  const std::string path_;
  std::atomic<uint64_t> next_; ///< Numbers grow with time, so that none comes twice.
};

class rocks_blob final : public blob {
public:
  rocks_blob(const blob_directory& in, blob_name name, std::unique_ptr<rocksdb::WritableFile> file)
    : in_(in)
    , name_(name)
    , file_(std::move(file)) {}
  ~rocks_blob() override;

  result<void> append(std::string_view bytes) override;
  result<void> finish() override;
  uint64_t bytes() const override { return bytes_; }

  const blob_name& name() const noexcept { return name_; }
  /// From now on it is the store's to delete.
  void seen_by_commit() noexcept { seen_ = true; }

private:
  const blob_directory& in_;
  const blob_name name_;
  std::unique_ptr<rocksdb::WritableFile> file_;
  uint64_t bytes_ = 0;
  bool seen_ = false;
};

} // namespace perennial::storage::rocks
