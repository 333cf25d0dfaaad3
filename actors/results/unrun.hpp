// The lines of a cancelled or expired batch that never ran. They have no rows: they are rendered
// when the error file is read, behind its log, in order of the file. Where each segment's begin is
// laid out once, when the batch ends, and stored with the form in which they are rendered, so that
// offsets hold for ever.
#pragma once

#include "actors/messages.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace perennial::actors {

/// The form of what is laid out now: its words, its members, their order and how they are escaped.
/// Stored with each batch and never changed: other text is another form beside the old ones.
inline constexpr uint8_t unrun_form = 1;

/// Goes through the unfinished segments and adds up. The batch takes no results any more.
result<unrun_lines> lay_out_unrun(const storage::store& db, storage::batch_id id);

/// The rendered lines of one laid-out segment, one after the other. errc::corrupt where they are
/// not what was laid out; errc::unsupported where a newer program did.
result<std::string> render_unrun_segment(const storage::store& db,
                                         const storage::batch_record& batch,
                                         const storage::store::unrun_segment& place);

/// The error line of one line that never ran, in the form of now. Depends on nothing but its
/// arguments.
void render_unrun_line(storage::batch_id batch, storage::line_no line, std::string_view custom_id,
                       bool cancelled, std::string& out);

} // namespace perennial::actors
