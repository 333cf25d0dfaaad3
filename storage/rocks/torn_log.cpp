#include "storage/rocks/torn_log.hpp"

#include "protocol/base/bytes.hpp"
#include "protocol/base/log.hpp"

#include <array>

namespace perennial::storage::rocks {

namespace {

constexpr size_t block_bytes = 32 * kib;
constexpr size_t head_bytes = 7;
constexpr size_t sector_bytes = 512;

constexpr std::array<uint32_t, 256> make_crc32c_table() {
  std::array<uint32_t, 256> table{};
  for (uint32_t i = 0; i < table.size(); ++i) {
    uint32_t c = i;
    for (int bit = 0; bit < 8; ++bit) c = (c & 1) != 0 ? c >> 1 ^ 0x82f63b78U : c >> 1;
    table[i] = c;
  }
  return table;
}

constexpr auto crc32c_table = make_crc32c_table();

uint32_t crc32c(std::string_view bytes) {
  uint32_t c = ~uint32_t{0};
  for (const auto b : bytes) c = crc32c_table[(c ^ static_cast<uint8_t>(b)) & 0xff] ^ c >> 8;
  return ~c;
}

uint32_t little_endian(std::string_view bytes) {
  uint32_t out = 0;
  for (size_t i = bytes.size(); i-- > 0;) out = out << 8 | static_cast<uint8_t>(bytes[i]);
  return out;
}

/// The record's checksum as it must stand before it: rotated and shifted, as LevelDB does.
uint32_t masked_checksum(std::string_view type_and_payload) {
  const auto c = crc32c(type_and_payload);
  return (c >> 15 | c << 17) + 0xa282ead8U;
}

} // namespace

std::optional<uint64_t> find_tear(std::string_view log) {
  size_t last = 0;
  size_t end = 0; // of the last record
  for (size_t at = 0; at + head_bytes <= log.size();) {
    const auto left = block_bytes - at % block_bytes;
    if (left < head_bytes) {
      at += left;
      continue;
    }
    const auto length = little_endian(log.substr(at + 4, 2));
    if (length == 0 && log[at + 6] == '\0') break; // zeros: nothing was written from here on
    if (head_bytes + length > left) break;         // not a record: for RocksDB to judge
    last = at;
    end = at + head_bytes + length;
    at = end;
  }
  if (end == 0 || end > log.size()) return std::nullopt;
  const auto record = log.substr(last, end - last);
  if (little_endian(record.substr(0, 4)) == masked_checksum(record.substr(6))) return std::nullopt;
  const auto zeros = log.find_last_not_of('\0') + 1; // npos + 1 is 0
  const auto sector = (zeros + sector_bytes - 1) / sector_bytes * sector_bytes;
  if (sector >= end) return std::nullopt;
  return last;
}

namespace {

bool is_log(const std::string& name) {
  return name.ends_with(".log") || name.starts_with("MANIFEST-");
}

rocksdb::Status cut_file(rocksdb::Env& env, const std::string& path, uint64_t size) {
  std::unique_ptr<rocksdb::WritableFile> file;
  auto status = env.ReopenWritableFile(path, &file, rocksdb::EnvOptions{});
  if (status.ok()) status = file->Truncate(size);
  if (status.ok()) status = file->Fsync();
  if (status.ok()) status = file->Close();
  return status;
}

} // namespace

rocksdb::Status cut_torn_logs(rocksdb::Env& env, const std::string& dir) {
  std::vector<std::string> names;
  auto status = env.GetChildren(dir, &names);
  for (const auto& name : names) {
    if (!is_log(name)) continue;
    if (!status.ok()) break;
    auto path = dir;
    path.append("/").append(name);
    std::string bytes;
    status = rocksdb::ReadFileToString(&env, path, &bytes);
    if (!status.ok()) break;
    const auto tear = find_tear(bytes);
    if (!tear) continue;
    logging::warn("{} ends with a record that a power loss tore: {} bytes of it are cut away", name,
                  bytes.size() - *tear);
    status = cut_file(env, path, *tear);
  }
  return status;
}

} // namespace perennial::storage::rocks
