// What `run` keeps in its data directory, and whether a job file is the one that it belongs to. All
// of it stands in the batch's metadata, written with the batch.
#pragma once

#include "protocol/base/error.hpp"
#include "protocol/base/hash.hpp"
#include "storage/records.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace perennial::tool {

/// Tells one job file from another without reading it where that can be.
struct job_identity {
  std::string path; ///< "-" for standard input.
  uint64_t bytes = 0;
  uint64_t modified_ns = 0;
  uint64_t inode = 0;
};

/// errc::not_found, errc::invalid_input (a directory). Standard input has only its path.
result<job_identity> identify(const std::string& path);

/// The identity as metadata of a batch.
storage::metadata_list to_metadata(const job_identity& id);

/// Whether `run` made the batch: it has such metadata.
bool is_of_a_run(const storage::batch_record& batch);

/// Whether the batch was made from this file: at once when size, time and inode are the same, else
/// by the SHA-256 of the file, which is read for it. Standard input is read too; an empty one and a
/// terminal fit every batch.
result<bool> is_same_job(const job_identity& now, const storage::batch_record& batch,
                         const sha256_digest& stored);

/// SHA-256 of a whole file; "-" is standard input.
result<sha256_digest> hash_file(const std::string& path);

} // namespace perennial::tool
