// After a power loss a log may be longer than what was written of it: the file system had noted the
// new size, and zeros stand where the last bytes did not reach the disk. RocksDB takes a record cut
// off by the end of the file for what it is, but not one that is cut off by zeros: it refuses to
// open. Those zeros are cut away here, together with the record that they tore.
//
//   log    = blocks of 32 KiB, of records; less than 7 bytes at a block's end are zeros
//   record = u32 masked crc32c of type and payload · u16 length · u8 type · payload, little-endian
//
// It is done only where the last record's checksum is wrong and everything from a sector's start
// within it to the end of the file is zero. Whole records of ours do not end with a zero
// (`database::write`), so a byte that changed in the last one is not taken for this; it is refused
// as it is anywhere else.
#pragma once

#include <rocksdb/env.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace perennial::storage::rocks {

/// Where the torn record begins, in a log with these bytes; nothing when none is torn by zeros.
std::optional<uint64_t> find_tear(std::string_view log);

/// Looks at the WALs and the MANIFEST of the closed database in `dir`, and cuts what is torn.
rocksdb::Status cut_torn_logs(rocksdb::Env& env, const std::string& dir);

} // namespace perennial::storage::rocks
