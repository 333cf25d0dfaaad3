#include "protocol/http/edge_chunked.hpp"

#include <algorithm>

namespace perennial::http {

namespace {

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

constexpr size_t max_digits = 15; // so that a size never overflows

bool is_text(char c) { return c == '\t' || static_cast<unsigned char>(c) >= 0x20; }

} // namespace

void chunk_decoder::start_size_line() {
  state_ = state::size;
  left_ = 0;
  digits_ = 0;
  line_bytes_ = 0;
}

void chunk_decoder::take(char c) {
  switch (state_) {
  case state::size:
    if (const auto value = hex_value(c); value >= 0) {
      left_ = left_ * 16 + static_cast<uint64_t>(value);
      if (++digits_ > max_digits) state_ = state::bad;
    } else if (digits_ > 0 && c == ';') {
      state_ = state::extension;
    } else {
      state_ = digits_ > 0 && c == '\r' ? state::size_lf : state::bad;
    }
    break;
  case state::extension:
    if (c == '\r') {
      state_ = state::size_lf;
    } else if (!is_text(c) || ++line_bytes_ > max_size_line) {
      state_ = state::bad;
    }
    break;
  case state::size_lf:
    line_bytes_ = 0;
    line_empty_ = true;
    state_ = c != '\n' ? state::bad : left_ > 0 ? state::data : state::trailer;
    break;
  case state::data_cr: state_ = c == '\r' ? state::data_lf : state::bad; break;
  case state::data_lf:
    if (c == '\n') {
      start_size_line();
    } else {
      state_ = state::bad;
    }
    break;
  case state::trailer:
    if (c == '\r') {
      state_ = state::trailer_lf;
    } else if (!is_text(c) || ++line_bytes_ > max_trailers) {
      state_ = state::bad;
    } else {
      line_empty_ = false;
    }
    break;
  case state::trailer_lf:
    state_ = c != '\n' ? state::bad : line_empty_ ? state::end : state::trailer;
    line_empty_ = true;
    break;
  case state::data:
  case state::end:
  case state::bad: break;
  }
}

chunk_decoder::step chunk_decoder::next(std::string_view& in, std::string_view& piece) {
  while (!in.empty()) {
    if (state_ == state::end || state_ == state::bad) break;
    if (state_ == state::data) {
      piece = in.substr(0, static_cast<size_t>(std::min<uint64_t>(left_, in.size())));
      in.remove_prefix(piece.size());
      left_ -= piece.size();
      if (left_ == 0) state_ = state::data_cr;
      return step::data;
    }
    take(in.front());
    in.remove_prefix(1);
  }
  if (state_ == state::end) return step::end;
  return state_ == state::bad ? step::bad : step::more;
}

} // namespace perennial::http
