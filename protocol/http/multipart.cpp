#include "protocol/http/multipart.hpp"

#include "protocol/http/head.hpp"
#include "protocol/http/multipart_head.hpp"

#include <algorithm>
#include <utility>

namespace perennial::http {

namespace {

constexpr size_t longest_boundary = 70; // RFC 2046 §5.1.1

} // namespace

result<std::string> multipart_boundary(std::string_view content_type) {
  constexpr std::string_view kind = "multipart/form-data";
  if (!same_word(content_type.substr(0, kind.size()), kind))
    return fail(errc::invalid_input, "the body must be multipart/form-data");
  auto boundary = header_parameter(content_type, "boundary");
  const auto printable = [](char c) { return c >= ' ' && c < 0x7f; };
  if (!boundary || boundary->empty() || boundary->size() > longest_boundary ||
      !std::ranges::all_of(*boundary, printable))
    return fail(errc::invalid_input, "the Content-Type names no valid boundary");
  return std::move(*boundary);
}

multipart_reader::multipart_reader(std::string_view boundary, part_handler& handler,
                                   multipart_limits limits)
  : delimiter_("\r\n--" + std::string{boundary})
  , handler_(handler)
  , limits_(limits) {}

result<void> multipart_reader::feed(std::string_view bytes) {
  if (failed_) return tl::unexpected<error>{*failed_};
  while (!bytes.empty()) {
    if (auto ok = step(bytes); !ok) {
      state_ = state::failed;
      failed_ = ok.error();
      return ok;
    }
  }
  return {};
}

result<void> multipart_reader::finish() {
  if (failed_) return tl::unexpected<error>{*failed_};
  if (state_ != state::epilogue)
    return fail(errc::invalid_input, "the form ends before its closing boundary");
  return {};
}

result<void> multipart_reader::step(std::string_view& bytes) {
  switch (state_) {
  case state::preamble:
  case state::content: return matched_ > 0 ? resume_delimiter(bytes) : read_content(bytes);
  case state::after_delimiter: {
    const auto c = bytes.front();
    bytes.remove_prefix(1);
    return read_after_delimiter(c);
  }
  case state::head: return read_head(bytes);
  case state::epilogue:
  case state::failed: bytes = {}; break;
  }
  return {};
}

/// Content up to the next CR that may begin a delimiter.
result<void> multipart_reader::read_content(std::string_view& bytes) {
  // A delimiter has one CR, its first byte: CRs are the only places to look at.
  auto at = bytes.find('\r');
  while (at != std::string_view::npos) {
    const auto size = std::min(delimiter_.size(), bytes.size() - at);
    if (bytes.compare(at, size, delimiter_, 0, size) == 0) break;
    at = bytes.find('\r', at + 1);
  }
  if (auto ok = give(bytes.substr(0, at)); !ok) return ok;
  if (at == std::string_view::npos) {
    bytes = {};
    return {};
  }
  matched_ = std::min(delimiter_.size(), bytes.size() - at);
  bytes.remove_prefix(at + matched_);
  return matched_ == delimiter_.size() ? delimiter_found() : result<void>{};
}

/// Goes on with a delimiter that began in an earlier piece; if it is none, those bytes are content.
result<void> multipart_reader::resume_delimiter(std::string_view& bytes) {
  const auto size = std::min(delimiter_.size() - matched_, bytes.size());
  size_t same = 0;
  while (same < size && bytes[same] == delimiter_[matched_ + same]) ++same;
  matched_ += same;
  bytes.remove_prefix(same);
  if (matched_ == delimiter_.size()) return delimiter_found();
  if (same == size) return {}; // as far as it goes
  return give(std::string_view{delimiter_}.substr(0, std::exchange(matched_, 0)));
}

result<void> multipart_reader::give(std::string_view content) {
  if (content.empty()) return {};
  given_ += content.size();
  if (state_ == state::preamble) {
    if (given_ > limits_.head_bytes)
      return fail(errc::invalid_input, "the form does not start with its boundary");
    return {};
  }
  if (is_field_ && given_ > limits_.field_bytes)
    return fail(errc::invalid_input, "a field of the form has more than {}",
                format_bytes(limits_.field_bytes));
  return handler_.part_data(content);
}

result<void> multipart_reader::delimiter_found() {
  const auto in_part = state_ == state::content;
  matched_ = 0;
  text_.clear();
  state_ = state::after_delimiter;
  return in_part ? handler_.part_end() : result<void>{};
}

/// "--" closes the form; blanks and CR LF begin a part.
result<void> multipart_reader::read_after_delimiter(char c) {
  text_ += c;
  if (text_ == "--") {
    state_ = state::epilogue;
    return {};
  }
  if (text_.ends_with("\r\n")) {
    if (text_.find_first_not_of(" \t\r\n") != std::string::npos)
      return fail(errc::invalid_input, "the form has something behind a boundary");
    text_.clear();
    state_ = state::head;
    if (++parts_ > limits_.parts)
      return fail(errc::invalid_input, "the form has more than {} parts", limits_.parts);
    return {};
  }
  if (text_.size() > 64)
    return fail(errc::invalid_input, "the form has something behind a boundary");
  return {};
}

result<void> multipart_reader::read_head(std::string_view& bytes) {
  constexpr std::string_view end = "\r\n\r\n";
  const auto before = text_.size();
  const auto room = static_cast<size_t>(limits_.head_bytes) + end.size() - before;
  text_.append(bytes.substr(0, room));
  // A part without headers has no name: it is an error like any other head without one.
  const auto from = before < end.size() ? 0 : before - end.size();
  const auto found = text_.find(end, from);
  if (found == std::string::npos) {
    if (bytes.size() >= room)
      return fail(errc::invalid_input, "the headers of a part of the form are too long");
    bytes = {};
    return {};
  }
  bytes.remove_prefix(found + end.size() - before);
  text_.resize(found);
  return begin_part();
}

result<void> multipart_reader::begin_part() {
  auto head = parse_part_head(text_);
  if (!head) return tl::unexpected<error>{head.error()};
  is_field_ = !head->filename;
  given_ = 0;
  state_ = state::content;
  return handler_.part_begin(*head);
}

} // namespace perennial::http
