// Ids as the API writes them: a word for the kind and 16 hexadecimal digits.
//
//   file-0000018bcfe56800     an uploaded file
//   batch_0000018bcfe56801    a batch
//   file-o0000018bcfe56801    the output file of that batch: no file of its own, a view
//   file-e0000018bcfe56801    its error file
//
// One id can be written in one way only: lower case, all digits.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace perennial::openai {

enum class id_kind : uint8_t { file, batch, output_file, error_file };

struct object_id {
  id_kind kind = id_kind::file;
  uint64_t id = 0; ///< The file's, or the batch's.

  friend bool operator==(const object_id&, const object_id&) = default;
};

std::string format_id(id_kind kind, uint64_t id);
inline std::string format_id(object_id id) { return format_id(id.kind, id.id); }

inline std::string file_id(uint64_t file) { return format_id(id_kind::file, file); }
inline std::string batch_id(uint64_t batch) { return format_id(id_kind::batch, batch); }
inline std::string output_file_id(uint64_t batch) { return format_id(id_kind::output_file, batch); }
inline std::string error_file_id(uint64_t batch) { return format_id(id_kind::error_file, batch); }

/// Nothing where `text` is no id, or is the id 0 (which no object has).
std::optional<object_id> parse_id(std::string_view text);

/// The number of a batch's id; nothing for anything else.
std::optional<uint64_t> parse_batch_id(std::string_view text);

/// Whether this is the id of a file: uploaded, output or error.
constexpr bool is_file(id_kind kind) { return kind != id_kind::batch; }

} // namespace perennial::openai
