// Cuts a job file into lines, whatever pieces its bytes come in, in bounded memory.
//
//   splitter.feed(chunk);
//   while (splitter.next(l)) use(l);      // next() is false: feed the next chunk
//   if (splitter.finish(l)) use(l);       // a last line without its newline
//
// Lines end in LF or CRLF. A UTF-8 byte order mark at the start of the file is skipped. Blank lines
// (spaces, tabs, CR) are skipped: they count in `number`, never in `ordinal`. A line longer than
// the limit is given without its bytes, and no more than the limit of it is ever held.
//
// Who owns the bytes: a line that lies whole in the chunk is a view into the chunk. One that
// crosses chunks is put together inside the splitter (`assembled`) and is good until the next call.
// Who pays for simdjson's padding: the splitter for what it assembles, the caller for the chunk,
// which must have `json_padding` readable bytes after its end if lines are to be parsed in place.
#pragma once

#include "protocol/base/bytes.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace perennial::jobs {

/// The limit for a line unless told otherwise.
inline constexpr uint64_t default_max_line_bytes = 16 * mib;

struct line {
  std::string_view bytes; ///< Without line end and byte order mark; empty when too long.
  uint64_t ordinal = 0;   ///< Index among the lines that are not blank, from 0.
  uint64_t number = 1;    ///< Place in the file for people: from 1, blank lines counted.
  uint64_t offset = 0;    ///< Of the first byte of `bytes` in the file.
  uint64_t size = 0;      ///< Bytes of the line in the file, also when it is too long.
  bool too_long = false;
  bool assembled = false; ///< `bytes` are the splitter's and die at its next call.
};

/// A place to start at.
struct line_position {
  uint64_t offset = 0;  ///< Of the first byte that will be fed.
  uint64_t ordinal = 0; ///< The next line that is not blank gets this.
  uint64_t number = 1;  ///< Of the line that starts at `offset`.
  /// The first byte is inside of a line that is not wanted: everything to its end is skipped.
  /// `ordinal` and `number` are those of the line after it.
  bool inside_line = false;

  friend bool operator==(const line_position&, const line_position&) = default;
};

class line_splitter {
public:
  explicit line_splitter(line_position start = {},
                         uint64_t max_line_bytes = default_max_line_bytes);

  /// Gives the next bytes; call it only when `next` has returned false. The chunk must live until
  /// then, and as long as views into it are used.
  void feed(std::string_view chunk);

  /// The next whole line that is not blank. False when the chunk is used up.
  bool next(line& out);

  /// After the last chunk: the last line, if it has no newline and is not blank.
  bool finish(line& out);

  /// Where the first line that was not given yet starts: a new splitter can go on from here.
  line_position position() const;

private:
  void hold(std::string_view piece);
  void release();
  bool emit(std::string_view bytes, uint64_t newline_bytes, line& out);

  std::string_view chunk_;
  line_position next_; // of the line that comes next
  uint64_t max_line_bytes_;

  // The start of a line whose end was not fed yet.
  std::string held_;
  uint64_t started_ = 0; // bytes of it so far, held or dropped
  bool given_ = false;   // `held_` is what `next` returned last

  // It is too long: nothing is held, only this is known.
  bool dropped_ = false;
  bool dropped_mark_ = false;  // it began with the byte order mark
  bool dropped_blank_ = false; // nothing but blanks so far
  bool dropped_cr_ = false;    // its last byte was a CR
};

/// Counts the lines of a file as its bytes pass, exactly as `line_splitter` would number them.
class line_counter {
public:
  void feed(std::string_view chunk);

  /// Lines whose first byte that is not blank has passed.
  uint64_t lines() const { return lines_; }
  /// The last byte that passed was not a newline: the next one continues a line.
  bool mid_line() const { return mid_line_; }
  /// That line is among `lines()`.
  bool counted() const { return counted_; }

private:
  uint64_t lines_ = 0;
  uint64_t offset_ = 0; // only as far as the byte order mark reaches
  bool mid_line_ = false;
  bool counted_ = false;
};

} // namespace perennial::jobs
