// The endpoints that batches run, and where a plain prompt goes in a body for each.
#pragma once

#include "protocol/base/error.hpp"

#include <span>
#include <string_view>

namespace perennial::jobs {

/// Where a short form's prompt goes.
enum class prompt_place {
  messages, ///< "messages", after the system's
  input,    ///< "input"
  response, ///< "input", the system's in "instructions"
  prompt,   ///< "prompt"
};

struct endpoint {
  std::string_view path; ///< "/v1/chat/completions"
  prompt_place place;
};

inline constexpr std::string_view default_endpoint = "/v1/chat/completions";

/// All endpoints, in the order in which they are shown to people.
std::span<const std::string_view> endpoint_paths();

/// The endpoint of that path, or nullptr.
const endpoint* find_endpoint(std::string_view path);

/// Fails with errc::invalid_input, and a suggestion, where `path` is none of the endpoints.
result<void> check_endpoint(std::string_view path);

} // namespace perennial::jobs
