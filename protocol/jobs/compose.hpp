// Bodies for lines that hold no more than a prompt.
//
//   /v1/chat/completions   {"model":M,"messages":[{"role":"system","content":S},
//                           {"role":"user","content":P}],…}
//   /v1/responses          {"model":M,"instructions":S,"input":P,…}
//   /v1/embeddings and so on: {"model":M,"input":P,…} or {"model":M,"prompt":P,…}
//
// Where a part is missing its member is left out. Other fields follow as they were written.
#pragma once

#include "protocol/jobs/endpoints.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace perennial::jobs {

/// The parts of a body, each a piece of JSON text (strings with their quotes); empty: missing.
struct body_parts {
  std::string_view model;
  std::string_view system;
  std::string_view prompt;
  std::vector<std::pair<std::string_view, std::string_view>> others; ///< Key and value.
};

/// Appends the body.
void compose_body(const body_parts& parts, prompt_place place, std::string& out);

} // namespace perennial::jobs
