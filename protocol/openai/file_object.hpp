// The File object and the answer to its deletion.
#pragma once

#include "protocol/base/error.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace perennial::openai {

struct file_object {
  std::string id;
  uint64_t bytes = 0;
  int64_t created_at = 0; ///< Seconds since 1970, as all times of the API.
  std::optional<int64_t> expires_at;
  std::string filename;
  std::string purpose = "batch";    ///< "batch", "batch_output", …
  std::string status = "processed"; ///< "uploaded", "processed", "error".
  std::optional<std::string> status_details;

  friend bool operator==(const file_object&, const file_object&) = default;
};

std::string to_json(const file_object& file);

/// errc::invalid_input where it is not a File object.
result<file_object> parse_file(std::string_view json);

/// The answer to DELETE: {"id","object":"file","deleted":true}.
std::string deleted_json(std::string_view file_id);

} // namespace perennial::openai
