#include "tools/sim/request_reader.hpp"

namespace perennial::sim {

request_reader::status request_reader::refuse(int code, std::string_view reason) {
  refusal_ = {code, reason};
  return status::bad;
}

request_reader::status request_reader::find_head(std::string_view buffer) {
  constexpr std::string_view head_end = "\r\n\r\n";
  const size_t at = buffer.find(head_end, scanned_);
  if (at == std::string_view::npos ? buffer.size() > head_limit : at > head_limit)
    return refuse(431, "the request's head is larger than 64 KiB");
  if (at == std::string_view::npos) {
    scanned_ = buffer.size() < head_end.size() ? 0 : buffer.size() - head_end.size() + 1;
    return status::more;
  }
  head_size_ = size_ = at + head_end.size();
  return status::done;
}

request_reader::status request_reader::read(std::string_view buffer, http_request& out) {
  if (buffer.size() < size_) return status::more;
  const bool first = head_size_ == 0;
  if (first)
    if (const status s = find_head(buffer); s != status::done) return s;
  const auto head = parse_head(buffer.substr(0, head_size_));
  if (!head) return refuse(400, "this is not a well-formed HTTP/1.1 request");
  out.head = *head;
  const status s = head->chunked ? read_chunks(buffer, out) : read_plain(buffer, out);
  wants_continue_ = first && s == status::more && head->expects_continue;
  return s;
}

request_reader::status request_reader::read_plain(std::string_view buffer, http_request& out) {
  const size_t length = out.head.content_length.value_or(0);
  if (length > body_limit) return refuse(413, "the request's body is larger than 64 MiB");
  size_ = head_size_ + length;
  if (buffer.size() < size_) return status::more;
  out.body = buffer.substr(head_size_, length);
  return status::done;
}

request_reader::status request_reader::read_chunks(std::string_view buffer, http_request& out) {
  if (!chunks_) chunks_.emplace(body_limit);
  switch (chunks_->read(buffer, size_)) {
  case chunked_decoder::status::more: return status::more;
  case chunked_decoder::status::bad: return refuse(400, "a chunk of the body is malformed");
  case chunked_decoder::status::too_large:
    return refuse(413, "the request's body is larger than 64 MiB");
  case chunked_decoder::status::done: break;
  }
  chunks_->body().reserve(chunks_->body().size() + body_padding);
  out.body = chunks_->body();
  return status::done;
}

} // namespace perennial::sim
