// `expires_after` of an upload's form: how long the file is to be kept.
#pragma once

#include "protocol/openai/api_error.hpp"

#include <tl/expected.hpp>

#include <chrono>
#include <map>
#include <optional>
#include <string>

namespace perennial::openai {

/// What OpenAI allows: from an hour to thirty days.
inline constexpr int64_t shortest_expiry = 3600, longest_expiry = 2'592'000;

/// Reads the fields "expires_after[anchor]" and "expires_after[seconds]" of a form; nothing where
/// neither is there. Only the anchor "created_at" is known.
tl::expected<std::optional<std::chrono::seconds>, api_error>
parse_expires_after(const std::map<std::string, std::string>& fields);

} // namespace perennial::openai
