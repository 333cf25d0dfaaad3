// The list of files: those that were uploaded, and the output and error files of batches, which are
// views. In order of their ids, which grow with time; of one batch the output file comes first.
#pragma once

#include "protocol/openai/file_object.hpp"
#include "protocol/openai/list.hpp"
#include "storage/store.hpp"

#include <vector>

namespace perennial::actors {

/// Those that `query` asks for, one more than its limit where there are more.
result<std::vector<openai::file_object>> find_files(const storage::store& db,
                                                    const openai::list_query& query);

} // namespace perennial::actors
