#include "storage/page_cutter.hpp"

#include <algorithm>
#include <cstring>

namespace perennial::storage {

namespace {

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r'; }

/// Whether the line from `at` to `end` has a byte that is not blank.
bool has_text(const char* at, const char* end) {
  return std::find_if_not(at, end, is_blank) != end;
}

/// Where to cut a full buffer.
size_t place_to_cut(std::string_view full) {
  const auto newline = full.rfind('\n'); // memrchr
  return newline != std::string_view::npos && newline >= full.size() / 2 ? newline + 1
                                                                         : full.size();
}

} // namespace

page_cutter::page_cutter(sink out)
  : out_(std::move(out))
  , buffer_(page_bytes) {}

result<void> page_cutter::append(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto n = std::min(bytes.size(), page_bytes - used_);
    std::memcpy(buffer_.data() + used_, bytes.data(), n);
    used_ += n;
    bytes.remove_prefix(n);
    if (used_ == page_bytes) {
      if (auto ok = cut(place_to_cut({buffer_.data(), used_})); !ok) return ok;
    }
  }
  return {};
}

result<void> page_cutter::finish() { return used_ > 0 ? cut(used_) : result<void>{}; }

result<void> page_cutter::cut(size_t size) {
  const std::string_view bytes{buffer_.data(), size};
  const cut_page page{offset_, lines_, mid_line_, mid_line_ && counted_, bytes};
  count_lines(bytes);
  if (auto ok = out_(page); !ok) return ok;
  offset_ += size;
  used_ -= size;
  std::memmove(buffer_.data(), buffer_.data() + size, used_);
  return {};
}

void page_cutter::count_lines(std::string_view bytes) {
  const char* at = bytes.data();
  const char* const end = at + bytes.size();
  while (at < end) {
    const auto* newline =
      static_cast<const char*>(std::memchr(at, '\n', static_cast<size_t>(end - at)));
    const auto* line_end = newline != nullptr ? newline : end;
    if (!counted_ && has_text(at, line_end)) {
      ++lines_;
      counted_ = true;
    }
    if (newline == nullptr) {
      mid_line_ = true;
      return;
    }
    mid_line_ = false;
    counted_ = false;
    at = newline + 1;
  }
}

} // namespace perennial::storage
