// What httplib writes one request to and reads one answer from: a channel, under the deadlines of
// the call and under limits that httplib lacks. A provider's answer is not trusted: an endless line
// would be buffered whole, a long status line would exhaust the stack in std::regex.
//
//   write head ─ kept back ─▶ write body ─▶ one sendmsg ─▶ read … first byte … idle … end
//                                             ▲ first_byte runs     ▲ idle runs; total always
//
// Lives for one call, on the caller's stack.
#pragma once

#include "protocol/base/bytes.hpp"
#include "protocol/base/clock.hpp"
#include "protocol/provider/call_report.hpp"
#include "protocol/provider/channel.hpp"
#include "protocol/provider/settings.hpp"

#include <httplib.h>

#include <array>
#include <string>

namespace perennial {

class call_stream final : public httplib::Stream {
public:
  static constexpr size_t longest_status_line = 256;
  static constexpr size_t longest_line = 16 * kib;
  static constexpr size_t longest_head = 64 * kib;

  call_stream(channel& over, const call_timeouts& timeouts, steady_time total_deadline);

  bool is_readable() const override { return true; } // read waits by itself
  bool is_writable() const override { return true; }
  ssize_t read(char* into, size_t size) override;
  ssize_t write(const char* from, size_t size) override;
  void get_remote_ip_and_port(std::string&, int&) const override {}
  void get_local_ip_and_port(std::string&, int&) const override {}
  socket_t socket() const override { return -1; }

  /// The reader was held up on this side: the other one had no chance to go on.
  void waited() noexcept { last_byte_at_ = steady_now(); }

  /// From now on the bytes are the body's: the limit of the head no longer counts.
  void head_is_over() noexcept { head_over_ = true; }
  bool head_was_read() const noexcept { return head_over_; }

  /// What broke, `none` where nothing did. Set once.
  transport_failure failure() const noexcept { return failure_; }
  const std::string& detail() const noexcept { return detail_; }

  /// True where the connection may carry another request: whole, and nothing left unread.
  bool clean() const noexcept {
    return failure_ == transport_failure::none && !ended_ && !write_broke_ && at_ == filled_;
  }
  /// True where the other side ended the connection.
  bool ended() const noexcept { return ended_; }
  bool answered() const noexcept { return first_byte_at_ != steady_time{}; }
  steady_time first_byte_at() const noexcept { return first_byte_at_; }

private:
  bool flush(std::string_view body);
  bool fill();
  io_result read_some(char* into, size_t size);
  bool count_line(char byte);
  ssize_t broken(transport_failure failure, std::string detail);

  channel& channel_;
  const call_timeouts& timeouts_;
  const steady_time total_deadline_;
  steady_time last_byte_at_{};
  steady_time first_byte_at_{};
  std::string head_; // kept back until the body comes, so that both go out as one
  size_t line_bytes_ = 0;
  size_t head_bytes_ = 0;
  bool status_line_ = true;
  bool head_over_ = false;
  bool ended_ = false;
  bool write_broke_ = false;
  transport_failure failure_ = transport_failure::none;
  std::string detail_;
  size_t at_ = 0;
  size_t filled_ = 0;
  std::array<char, 4096> buffer_;
};

} // namespace perennial
