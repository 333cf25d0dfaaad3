// Reads the chunks of a body (`Transfer-Encoding: chunked`, RFC 9112 §7.1) in any pieces. Pure.
//
//   size-line ─▶ data ─▶ CR LF ─▶ size-line …    size 0 ─▶ trailers ─▶ end
//
// Strict: CR LF only, hexadecimal digits only, short size lines; extensions and trailers are
// bounded and dropped.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace perennial::http {

class chunk_decoder {
public:
  enum class step { more, data, end, bad };

  /// Takes bytes off the front of `in`. `data`: `piece` is a part of the body and a view into `in`.
  /// `more`: `in` is used up. `end`: the body is whole, what is left in `in` is not of it. `bad`:
  /// broken, and stays so.
  step next(std::string_view& in, std::string_view& piece);

  /// Bytes of a size line or of all trailers together: beyond, bad.
  static constexpr size_t max_size_line = 256;
  static constexpr size_t max_trailers = 4096;

private:
  enum class state {
    size,
    extension,
    size_lf,
    data,
    data_cr,
    data_lf,
    trailer,
    trailer_lf,
    end,
    bad
  };

  void take(char c);
  void start_size_line();

  state state_ = state::size;
  uint64_t left_ = 0;     // of the chunk
  size_t digits_ = 0;     // of the size
  size_t line_bytes_ = 0; // of the size line; of all trailers
  bool line_empty_ = true;
};

} // namespace perennial::http
