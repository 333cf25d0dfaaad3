#include "protocol/provider/call_stream.hpp"

#include <algorithm>
#include <cstring>

namespace perennial {

call_stream::call_stream(channel& over, const call_timeouts& timeouts, steady_time total_deadline)
  : channel_(over)
  , timeouts_(timeouts)
  , total_deadline_(total_deadline) {}

ssize_t call_stream::broken(transport_failure failure, std::string detail) {
  if (failure_ == transport_failure::none) {
    failure_ = failure;
    detail_ = std::move(detail);
  }
  return -1;
}

ssize_t call_stream::write(const char* from, size_t size) {
  if (failure_ != transport_failure::none) return -1;
  if (head_.empty() && last_byte_at_ == steady_time{})
    head_.assign(from, size);
  else if (!flush({from, size}))
    return -1;
  return static_cast<ssize_t>(size);
}

/// Sends what was kept back, and `body` behind it.
bool call_stream::flush(std::string_view body) {
  if (write_broke_) return true;
  const auto idle_deadline = steady_now() + timeouts_.idle;
  const auto io = channel_.write(head_, body, std::min(idle_deadline, total_deadline_));
  head_.clear();
  last_byte_at_ = steady_now();
  if (io.status == io_status::done) return true;
  if (io.status == io_status::timed_out) {
    if (total_deadline_ <= idle_deadline)
      broken(transport_failure::total_timeout, "the call took too long while the request was sent");
    else
      broken(transport_failure::idle_timeout, "it stopped reading the request");
    return false;
  }
  if (channel_.sent() == 0) {
    broken(transport_failure::write_failed, "the connection broke before the request was sent");
    return false;
  }
  // It may have answered before it had read everything, as with 413: the answer says more.
  write_broke_ = true;
  return true;
}

io_result call_stream::read_some(char* into, size_t size) {
  const bool first = !answered();
  const auto own = last_byte_at_ + (first ? timeouts_.first_byte : timeouts_.idle);
  const auto io = channel_.read(into, size, std::min(own, total_deadline_));
  switch (io.status) {
  case io_status::done:
    last_byte_at_ = steady_now();
    if (first) first_byte_at_ = last_byte_at_;
    break;
  case io_status::timed_out:
    if (total_deadline_ <= own)
      broken(transport_failure::total_timeout, "the call took longer than it may in all");
    else if (first)
      broken(transport_failure::first_byte_timeout, "it sent no byte of an answer in time");
    else
      broken(transport_failure::idle_timeout, "it stopped in the middle of its answer");
    break;
  case io_status::end:
  case io_status::lost:
    ended_ = true;
    if (write_broke_ && first)
      broken(transport_failure::write_failed, "the connection broke while the request was sent");
    else if (first)
      broken(transport_failure::reset, io.status == io_status::end
                                         ? "it closed the connection without an answer"
                                         : "it reset the connection without an answer");
    else if (io.status == io_status::lost)
      broken(transport_failure::truncated, "the connection broke in the middle of the answer");
    break; // an end after the first byte may be the body's: httplib knows
  }
  return io;
}

bool call_stream::fill() {
  const auto io = read_some(buffer_.data(), buffer_.size());
  at_ = 0;
  filled_ = io.bytes;
  return io.status == io_status::done;
}

/// httplib reads lines byte by byte: the head's, and those between chunks.
bool call_stream::count_line(char byte) {
  if (!head_over_ && ++head_bytes_ > longest_head) {
    broken(transport_failure::garbage, "the head of its answer is too long");
    return false;
  }
  if (byte == '\n') {
    line_bytes_ = 0;
    status_line_ = false;
    return true;
  }
  if (++line_bytes_ > (status_line_ ? longest_status_line : longest_line)) {
    broken(transport_failure::garbage, "a line of its answer does not end");
    return false;
  }
  return true;
}

ssize_t call_stream::read(char* into, size_t size) {
  if (failure_ != transport_failure::none) return -1;
  if (!head_.empty() && !flush({})) return -1;
  if (at_ == filled_) {
    if (ended_) return 0;
    if (size >= buffer_.size()) { // the body of a long answer: no copy in between
      const auto io = read_some(into, size);
      if (failure_ != transport_failure::none) return -1;
      return static_cast<ssize_t>(io.bytes);
    }
    if (!fill()) return failure_ != transport_failure::none ? -1 : 0;
  }
  if (size == 1) {
    *into = buffer_[at_++];
    return count_line(*into) ? 1 : -1;
  }
  line_bytes_ = 0;
  const size_t n = std::min(size, filled_ - at_);
  std::memcpy(into, buffer_.data() + at_, n);
  at_ += n;
  return static_cast<ssize_t>(n);
}

} // namespace perennial
