// What a retry is asked for, and whether it would do anything.
//
// A retry goes on from the newest batch of its chain and takes lines by their newest result along
// it (storage/store.hpp, `select_failed`). What can be told from the batches' records alone is told
// where the retry is made; which codes the failed lines have stands in the index, which takes
// seconds for millions of lines: who asks looks there first, on a thread that may wait. Should a
// retry be made that takes no line, it ends at once and changes nothing for later ones.
#pragma once

#include "actors/messages.hpp"

#include <functional>
#include <string>

namespace perennial::actors {

/// The batch to make for a retry of `id`, of the lines with the code `only` (empty: of all that
/// failed). Reads batches only. errc::not_found, errc::invalid_input (no code that a retry takes),
/// errc::conflict (not at its end, or every line has succeeded).
result<create_request> make_retry(const storage::store& db, storage::batch_id id,
                                  const std::string& only);

/// Refuses, errc::conflict, what `make_retry` made if it would take no line; says which codes there
/// are. Reads the index up to the first line that it would take. Where `go_on` says no it stops and
/// lets the retry pass.
result<void> check_takes_lines(const storage::store& db, const storage::batch_definition& retry,
                               const std::function<bool()>& go_on);

} // namespace perennial::actors
