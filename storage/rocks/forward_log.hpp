// What RocksDB has to say goes to our log. It must not write a LOG file of its own: that lies on
// the same disk, and in this version a second write to it after a failed one aborts the process.
#pragma once

#include <rocksdb/env.h>

#include <memory>

namespace perennial::storage::rocks {

/// Its errors become warnings, its warnings are told at level debug, the rest is left out.
std::shared_ptr<rocksdb::Logger> forward_log();

} // namespace perennial::storage::rocks
