// Brings a job file into the store of `run`.
#pragma once

#include "storage/store.hpp"
#include "tools/perennial/run_state.hpp"

#include <functional>

namespace perennial::tool {

/// Reads the file (or standard input) once. `go_on` hears the bytes so far and may stop it
/// (errc::cancelled); then nothing is left behind.
result<storage::file_record> import_job_file(storage::store& db, const job_identity& job,
                                             const std::function<bool(uint64_t)>& go_on);

} // namespace perennial::tool
