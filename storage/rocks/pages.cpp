// Reading pages, and finding the page of a line.
#include "storage/keys.hpp"
#include "storage/record_codec.hpp"
#include "storage/rocks/rocks_store.hpp"

#include <cstring>

namespace perennial::storage::rocks {

namespace {

result<page> to_page(std::string_view key, std::string_view value) {
  auto out = decode_page_head(value);
  if (!out) return out;
  const auto bytes = value.substr(page_head_bytes);
  auto buffer = std::make_shared_for_overwrite<char[]>(bytes.size() + page_padding);
  std::memcpy(buffer.get(), bytes.data(), bytes.size());
  std::memset(buffer.get() + bytes.size(), 0, page_padding);
  out->file = keys::first_id(key);
  out->offset = keys::last_number(key);
  out->size = bytes.size();
  out->buffer = std::move(buffer);
  return out;
}

/// The scan's row as a page without its bytes.
result<page> head_at(const row_scan& rows) {
  auto out = decode_page_head(rows.value());
  if (!out) return out;
  out->offset = keys::last_number(rows.key());
  out->size = rows.value().size() - page_head_bytes;
  return out;
}

/// Moves the scan to the last page that has at most `line` lines before it. Guesses where that is
/// from the share of lines, as lines are of much the same length, and halves where they are not.
result<void> seek_line(row_scan& rows, const file_record& file, line_no line) {
  uint64_t low = 0; // the page that holds this offset begins at or before the one looked for
  line_no low_lines = 0;
  uint64_t high = file.bytes; // pages that begin here or later have too many lines before them
  line_no high_lines = file.lines;
  for (unsigned round = 0;; ++round) {
    const auto share = static_cast<double>(line - low_lines) /
                       static_cast<double>(std::max<line_no>(high_lines - low_lines, 1));
    auto guess = low + static_cast<uint64_t>(static_cast<double>(high - low) *
                                             (round % 2 == 0 ? std::min(share, 1.0) : 0.5));
    guess = std::min(guess, high - 1);
    rows.seek_back(keys::id_and_number(file.id, guess));
    if (!rows.valid()) break;
    const auto at = head_at(rows);
    if (!at) return tl::unexpected{at.error()};
    if (at->lines_before > line) {
      high = at->offset;
      high_lines = at->lines_before;
      continue;
    }
    rows.next();
    if (!rows.valid()) {
      rows.last();
      return rows.status();
    }
    const auto next = head_at(rows);
    if (!next) return tl::unexpected{next.error()};
    if (next->lines_before > line) {
      rows.previous();
      return rows.status();
    }
    low = next->offset;
    low_lines = next->lines_before;
  }
  if (auto ok = rows.status(); !ok) return ok;
  return fail(errc::corrupt, "file {} lacks its first page", file.id);
}

} // namespace

result<page> rocks_store::read_page(file_id file, uint64_t offset) const {
  auto in = enter();
  if (!in) return tl::unexpected{in.error()};
  if (in->db->in_force().files->gone(file))
    return fail(errc::not_found, "there is no file {}", file);
  row_scan rows{*in->db, table::pages, keys::id(file), keys::id(file + 1), caching::skip};
  rows.seek_back(keys::id_and_number(file, offset));
  if (auto ok = rows.status(); !ok) return tl::unexpected{ok.error()};
  if (rows.valid()) {
    auto out = to_page(rows.key(), rows.value());
    if (!out || offset < out->end()) return out;
  }
  return fail(errc::not_found, "file {} has no byte at offset {}", file, offset);
}

result<page> rocks_store::page_of_line(file_id id, line_no line) const {
  auto in = enter();
  if (!in) return tl::unexpected{in.error()};
  auto file = read_file(*in->db, id);
  if (!file) return tl::unexpected{file.error()};
  if (line >= file->lines) {
    return fail(errc::not_found, "file {} has {} lines, there is no line {}", id, file->lines,
                line);
  }
  row_scan rows{*in->db, table::pages, keys::id(id), keys::id(id + 1), caching::skip};
  if (auto ok = seek_line(rows, *file, line); !ok) return tl::unexpected{ok.error()};
  while (rows.valid()) {
    auto head = head_at(rows);
    if (!head) return head;
    // A line that is continued here and not counted yet may be the one: it began further up.
    if (!head->mid_line || head->counted) return to_page(rows.key(), rows.value());
    rows.previous();
  }
  if (auto ok = rows.status(); !ok) return tl::unexpected{ok.error()};
  return fail(errc::corrupt, "file {} begins in the middle of a line", id);
}

} // namespace perennial::storage::rocks
