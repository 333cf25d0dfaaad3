// Opens the store on a given RocksDB environment, so that a test can put its own file system
// under it. Programs use `open_store` (storage/store.hpp).
#pragma once

#include "storage/store.hpp"

namespace rocksdb {
class Env;
}

namespace perennial::storage {

/// Everything but `LOCK` is read and written through `env`, which must outlive the store.
result<std::unique_ptr<store>> open_rocks_store(const open_options& options, rocksdb::Env* env);

} // namespace perennial::storage
