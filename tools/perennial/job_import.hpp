// Brings a job file into the store of `run`.
#pragma once

#include "actors/protect/disk_room.hpp"
#include "storage/store.hpp"
#include "tools/perennial/run_state.hpp"
#include "tools/perennial/signals.hpp"

#include <functional>

namespace perennial::tool {

/// Reads the file (or standard input) once. `go_on` hears the bytes so far and may stop it
/// (errc::cancelled); then nothing is left behind. Where the disk gets short of room while it
/// comes, it waits in the middle. errc::no_space: it was filled all the same; a file may be tried
/// again.
result<storage::file_record> import_job_file(storage::store& db, actors::disk_room& disk,
                                             const job_identity& job, const signals& interrupts,
                                             const std::function<bool(uint64_t)>& go_on);

} // namespace perennial::tool
