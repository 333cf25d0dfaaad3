// The names of a result's codes: what `retry_only` says, and what people read.
#pragma once

#include "storage/records.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace perennial::storage {

/// "worker_crashed", "line_invalid", "response_too_large", "retries_used_up", "deadline_exceeded",
/// or the HTTP status in digits.
std::string name_of_code(uint16_t code);
/// The other way; nothing for what `name_of_code` never says.
std::optional<uint16_t> code_of_name(std::string_view name);

/// The code of the lines that never ran, in a batch that ended with this status; else empty.
std::string_view unrun_code(batch_status status) noexcept;

/// The words among them that a retry may be asked for, for people: with those of lines that never
/// ran, without `line_invalid`, which no retry takes.
std::string names_of_codes();

} // namespace perennial::storage
