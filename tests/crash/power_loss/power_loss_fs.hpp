// RocksDB's file system over a disk that may lose its power. Once it has, every change fails.
#pragma once

#include "tests/crash/power_loss/disk.hpp"

#include <rocksdb/env.h>

#include <memory>

namespace perennial::test {

/// An Env for `open_rocks_store`. `under` must outlive it.
std::unique_ptr<rocksdb::Env> make_power_loss_env(disk& under);

} // namespace perennial::test
