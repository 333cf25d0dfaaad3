#include "protocol/jobs/line_splitter.hpp"

#include "protocol/jobs/json_text.hpp"

#include <algorithm>
#include <cassert>
#include <cstring>

namespace perennial::jobs {

namespace {

constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
constexpr std::string_view blanks = " \t\r";

/// Room that is kept from one assembled line to the next.
constexpr size_t kept_room = mib;

bool is_blank(std::string_view text) {
  return text.find_first_not_of(blanks) == std::string_view::npos;
}

size_t find_newline(std::string_view text) {
  const auto* at = static_cast<const char*>(std::memchr(text.data(), '\n', text.size()));
  return at ? static_cast<size_t>(at - text.data()) : std::string_view::npos;
}

} // namespace

line_splitter::line_splitter(line_position start, uint64_t max_line_bytes)
  : next_(start)
  , max_line_bytes_(max_line_bytes) {}

void line_splitter::feed(std::string_view chunk) {
  assert(chunk_.empty());
  chunk_ = chunk;
}

bool line_splitter::next(line& out) {
  if (given_) release();
  while (!chunk_.empty()) {
    const auto end = find_newline(chunk_);
    const auto piece = chunk_.substr(0, end);
    const bool whole = end != std::string_view::npos;
    chunk_.remove_prefix(whole ? end + 1 : chunk_.size());
    if (next_.inside_line) {
      next_.offset += piece.size() + (whole ? 1 : 0);
      next_.inside_line = !whole;
    } else if (!whole) {
      hold(piece);
    } else if (started_ == 0) {
      if (emit(piece, 1, out)) return true;
    } else {
      hold(piece);
      if (emit(held_, 1, out)) {
        out.assembled = true;
        given_ = true;
        return true;
      }
      release();
    }
  }
  return false;
}

bool line_splitter::finish(line& out) {
  if (given_) release();
  if (started_ == 0) return false;
  if (emit(held_, 0, out)) {
    out.assembled = true;
    given_ = true;
    return true;
  }
  release();
  return false;
}

line_position line_splitter::position() const { return next_; }

void line_splitter::hold(std::string_view piece) {
  started_ += piece.size();
  if (!dropped_) {
    // The byte order mark and the CR of a CRLF do not count.
    if (started_ <= max_line_bytes_ + byte_order_mark.size() + 1) {
      held_.reserve(started_ + json_padding);
      held_.append(piece);
      return;
    }
    dropped_ = true;
    const auto taken = std::min(piece.size(), byte_order_mark.size()); // it may begin with the mark
    held_.append(piece, 0, taken);
    piece.remove_prefix(taken);
    const std::string_view held = held_;
    dropped_cr_ = held.ends_with('\r');
    dropped_mark_ = next_.offset == 0 && held.starts_with(byte_order_mark);
    dropped_blank_ = is_blank(held.substr(dropped_mark_ ? byte_order_mark.size() : 0));
    held_ = {};
  }
  dropped_blank_ = dropped_blank_ && is_blank(piece);
  if (!piece.empty()) dropped_cr_ = piece.back() == '\r';
}

void line_splitter::release() {
  if (held_.capacity() > kept_room) held_ = {};
  held_.clear();
  started_ = 0;
  given_ = dropped_ = dropped_mark_ = dropped_blank_ = dropped_cr_ = false;
}

bool line_splitter::emit(std::string_view bytes, uint64_t newline_bytes, line& out) {
  const auto whole_size = started_ > 0 ? started_ : bytes.size();
  const bool mark =
    dropped_ ? dropped_mark_ : next_.offset == 0 && bytes.starts_with(byte_order_mark);
  const bool cr = dropped_ ? dropped_cr_ : bytes.ends_with('\r');
  const auto mark_bytes = mark ? byte_order_mark.size() : 0;
  if (!dropped_) {
    bytes.remove_prefix(mark_bytes);
    if (cr) bytes.remove_suffix(1);
  }
  const bool blank = dropped_ ? dropped_blank_ : is_blank(bytes);

  out = line{};
  out.ordinal = next_.ordinal;
  out.number = next_.number;
  out.offset = next_.offset + mark_bytes;
  out.size = whole_size - mark_bytes - (cr ? 1 : 0);
  out.too_long = dropped_ || out.size > max_line_bytes_;
  if (!out.too_long) out.bytes = bytes;

  next_.offset += whole_size + newline_bytes;
  next_.number += 1;
  if (!blank) next_.ordinal += 1;
  return !blank;
}

void line_counter::feed(std::string_view chunk) {
  while (!chunk.empty()) {
    if (offset_ < byte_order_mark.size()) { // a byte order mark is no line, anything less is
      const bool matches = chunk.front() == byte_order_mark[offset_];
      offset_ = matches ? offset_ + 1 : byte_order_mark.size();
      if (matches) {
        mid_line_ = true;
        counted_ = offset_ < byte_order_mark.size();
        lines_ = counted_ ? 1 : 0;
        chunk.remove_prefix(1);
        continue;
      }
    }
    const auto end = find_newline(chunk);
    const auto piece = chunk.substr(0, end);
    if (!counted_ && !is_blank(piece)) {
      ++lines_;
      counted_ = true;
    }
    mid_line_ = end == std::string_view::npos;
    if (mid_line_) return;
    counted_ = false;
    chunk.remove_prefix(end + 1);
  }
}

} // namespace perennial::jobs
