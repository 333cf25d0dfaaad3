// Answers as server-sent events: `data: {…}` for each piece of text, and `data: [DONE]` at the end.
// Each event is one chunk of a chunked HTTP body. Pure functions.
#pragma once

#include "tools/sim/answer.hpp"

#include <string>
#include <string_view>

namespace perennial::sim {

/// Whether the endpoint can stream.
bool can_stream(endpoint kind);

/// The chunked body of a streamed answer, with its last chunk.
std::string render_stream(const model_request& request, std::string_view text,
                          const answer_context& context);

/// Where the chunk of an event that starts at `from` ends; `body.size()` after the last event.
size_t end_of_event(std::string_view body, size_t from);

} // namespace perennial::sim
