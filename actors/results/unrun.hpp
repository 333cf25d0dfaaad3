// The lines of a cancelled or expired batch that never ran. They have no rows: they are rendered
// when the error file is read, behind its log, in order of the file. Where each segment's begin is
// laid out once, when the batch ends, so that offsets hold for ever.
#pragma once

#include "actors/messages.hpp"

#include <string>
#include <string_view>

namespace perennial::actors {

/// Goes through the unfinished segments and adds up. The batch takes no results any more.
result<unrun_lines> lay_out_unrun(const storage::store& db, storage::batch_id id);

/// The rendered lines of one laid-out segment, one after the other.
result<std::string> render_unrun_segment(const storage::store& db,
                                         const storage::batch_record& batch, uint32_t segment);

/// The error line of one line that never ran. Depends on nothing but its arguments.
void render_unrun_line(storage::batch_id batch, storage::line_no line, std::string_view custom_id,
                       bool cancelled, std::string& out);

} // namespace perennial::actors
