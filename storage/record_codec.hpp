// The stored values as bytes; each one's grammar stands above its encoder in the .cpp files, and
// in `docs/storage.md`. Decoders fail with errc::corrupt and say which value and where.
#pragma once

#include "storage/line_bits.hpp"
#include "storage/page.hpp"
#include "storage/records.hpp"

#include <array>
#include <string>
#include <string_view>

namespace perennial::storage {

// meta (record_codec.cpp)
std::string encode_schema(uint32_t version);
result<uint32_t> decode_schema(std::string_view value);
std::string encode_last_id(uint64_t id);
result<uint64_t> decode_last_id(std::string_view value);

// files, pages (file_codec.cpp)
std::string encode_file(const file_record& file);
result<file_record> decode_file(file_id id, std::string_view value);

inline constexpr size_t page_head_bytes = 10;
/// What stands before a page's bytes.
std::array<char, page_head_bytes> encode_page_head(line_no lines_before, bool mid_line,
                                                   bool counted);
/// The head of a page: fills `lines_before`, `mid_line` and `counted`; its bytes follow.
result<page> decode_page_head(std::string_view value);

// batches (batch_codec.cpp)
std::string encode_definition(const batch_definition& definition);
result<batch_definition> decode_definition(std::string_view value);
std::string encode_state(const batch_state& state);
result<batch_state> decode_state(std::string_view value);
std::string encode_progress(const batch_progress& progress);
result<batch_progress> decode_progress(std::string_view value);
std::string encode_segment(uint32_t lines_done);
result<uint32_t> decode_segment(std::string_view value);
std::string encode_selection(const line_bits& lines);
result<line_bits> decode_selection(std::string_view value);
struct stored_unrun {
  uint8_t form = 0;
  uint64_t offset = 0;
  uint64_t bytes = 0;
  uint32_t lines = 0;
};
std::string encode_unrun(const stored_unrun& unrun);
result<stored_unrun> decode_unrun(std::string_view value);
std::string encode_problems(const std::vector<stored_problem>& problems);
result<std::vector<stored_problem>> decode_problems(std::string_view value);
std::string encode_validation(const validation_cursor& cursor);
result<validation_cursor> decode_validation(std::string_view value);

// index, output, waiting, idempotency (line_codec.cpp)
inline constexpr size_t index_bytes = 18;
std::array<char, index_bytes> encode_index(const index_entry& entry);
result<index_entry> decode_index(std::string_view value);
/// A row of `output` that stands for a blob.
struct blob_reference {
  line_no line = 0;
  uint64_t number = 0; ///< With batch and line it makes the file's name.
  uint64_t bytes = 0;
};
/// Whether a row of `output` is a reference; else it is rendered lines, which begin with a brace.
bool is_blob_reference(std::string_view row) noexcept;
std::string encode_blob_reference(const blob_reference& blob);
result<blob_reference> decode_blob_reference(std::string_view row);
std::string encode_waiting(const waiting_entry& entry);
result<waiting_entry> decode_waiting(std::string_view value);
struct stored_request {
  batch_id batch = 0;
  wall_time created{};
  sha256_digest request_hash{};
};
std::string encode_request(const stored_request& request);
result<stored_request> decode_request(std::string_view value);

} // namespace perennial::storage
