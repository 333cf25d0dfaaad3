// The body of a request on a streaming route, read in large pieces while it comes.
//
//   for (;;) {
//     auto piece = body.next();
//     if (!piece) return;             // res.status left unset: the edge answers, or the client is
//     gone if (piece->empty()) break;      // whole use(*piece);                    // good until
//     the next call
//   }
//
// Both framings (Content-Length and chunks) look the same here. The socket is read only when the
// handler asks: a slow disk slows the sender down. A handler may stop early and answer; the
// connection is closed then. Used by one thread.
#pragma once

#include "protocol/base/error.hpp"
#include "protocol/http/edge_blocking.hpp"

#include <memory>
#include <optional>
#include <string_view>

namespace perennial::http {

class body_reader {
public:
  /// Reads the body of the request that stands in `c.in`.
  body_reader(connection& c, const edge_limits& limits, edge_counters& counters);
  body_reader(const body_reader&) = delete;
  body_reader& operator=(const body_reader&) = delete;

  /// The next piece, up to 256 KiB; empty at the end. Waits for the client. Errors stay:
  /// `unavailable` the client is gone, `timed_out` it is too slow, `invalid_input` broken chunks or
  /// more than the route takes.
  result<std::string_view> next();

  /// How long the whole body is, where the client has said so.
  std::optional<uint64_t> length() const { return length_; }
  uint64_t received() const { return received_; }

  /// Nothing of it is left to read.
  bool finished() const { return finished_; }
  /// The client is gone: there is nobody to answer.
  bool client_lost() const { return client_lost_; }
  /// What to tell a client whose body was at fault.
  const std::optional<refusal>& fault() const { return fault_; }
  /// Gives the connection what was read of the next request. Call once, when finished.
  void return_rest();

private:
  result<std::string_view> next_sized();
  result<std::string_view> next_chunk();
  result<std::string_view> take(std::string_view piece);
  result<void> fill();
  tl::unexpected<error> refuse(errc kind, refusal why);
  tl::unexpected<error> lose();

  connection& c_;
  edge_counters& counters_;
  rate_guard rate_;
  std::optional<uint64_t> length_;
  uint64_t received_ = 0;
  std::string rest_;               // came with the head
  std::unique_ptr<char[]> buffer_; // made when the first byte is read
  std::string_view raw_;           // received, not given out
  chunk_decoder chunks_;
  bool owes_continue_;
  bool finished_ = false;
  bool client_lost_ = false;
  std::optional<refusal> fault_;
  std::optional<error> failed_;
};

} // namespace perennial::http
