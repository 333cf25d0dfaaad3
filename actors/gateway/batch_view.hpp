// A stored batch or file as the API shows it.
#pragma once

#include "protocol/openai/batch_object.hpp"
#include "protocol/openai/file_object.hpp"
#include "storage/store.hpp"

namespace perennial::actors {

/// `problems` is what validation found; empty where there is nothing.
openai::batch_object view_of(const storage::batch_record& b,
                             const std::vector<storage::stored_problem>& problems);
openai::file_object view_of(const storage::file_record& f);
/// The output or error file of a batch: no file of its own, a view.
openai::file_object output_view_of(const storage::batch_record& b, storage::output_kind kind);

} // namespace perennial::actors
