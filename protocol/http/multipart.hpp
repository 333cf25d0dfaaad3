// multipart/form-data (RFC 7578), taken apart while it comes, whatever its pieces; nothing of a
// part's content is held or copied.
//
//   preamble ─▶ delimiter ─▶ part head ─▶ content ─▶ delimiter ─▶ … ─▶ closing delimiter ─▶
//   epilogue
//                                             └── part_data(view into what was fed)
#pragma once

#include "protocol/base/bytes.hpp"
#include "protocol/base/error.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace perennial::http {

struct multipart_limits {
  size_t parts = 64;
  uint64_t head_bytes = 8 * kib;    ///< Of one part's headers; of the preamble too.
  uint64_t field_bytes = 256 * kib; ///< Of the content of a part without a file name.
};

struct part_head {
  std::string name;
  std::optional<std::string> filename; ///< As sent; never a path to use.
  std::string content_type;            ///< Empty where the client named none.
};

/// Takes the parts. An error that it returns ends the reading.
class part_handler {
public:
  virtual ~part_handler() = default;
  virtual result<void> part_begin(const part_head& head) = 0;
  /// `bytes` are good until it returns; never empty.
  virtual result<void> part_data(std::string_view bytes) = 0;
  virtual result<void> part_end() = 0;
};

/// The boundary named by a Content-Type of multipart/form-data.
result<std::string> multipart_boundary(std::string_view content_type);

class multipart_reader {
public:
  /// `handler` outlives this.
  multipart_reader(std::string_view boundary, part_handler& handler, multipart_limits limits = {});

  /// Takes the next bytes of the body. An error stays.
  result<void> feed(std::string_view bytes);

  /// After the last byte: an error unless the closing delimiter has come.
  result<void> finish();

private:
  enum class state { preamble, content, after_delimiter, head, epilogue, failed };

  result<void> step(std::string_view& bytes);
  result<void> read_content(std::string_view& bytes);
  result<void> resume_delimiter(std::string_view& bytes);
  result<void> read_after_delimiter(char c);
  result<void> read_head(std::string_view& bytes);
  result<void> begin_part();
  result<void> give(std::string_view content);
  result<void> delimiter_found();

  const std::string delimiter_; // CR LF -- boundary
  part_handler& handler_;
  const multipart_limits limits_;
  state state_ = state::preamble;
  size_t matched_ = 2; // bytes of the delimiter seen; a body may start with one without its CR LF
  std::string text_;   // what follows a delimiter on its line; a part's head
  size_t parts_ = 0;
  uint64_t given_ = 0; // of this part's content, or of the preamble
  bool is_field_ = false;
  std::optional<error> failed_;
};

} // namespace perennial::http
