// Turns the bytes of one connection into requests: a decision without a socket, a thread or a
// clock.
//
//        first byte          head whole             body whole
//   idle ──────────▶ head ───────────────▶ body ───────────────▶ ready ──next()──▶ idle or head
//                     │                     │ (none, or streamed: at once)
//                     └──────▶ refused ◀────┘   limits, syntax, deadlines
//
// Bodies are gathered whole, up to a limit, before a thread sees the request. Only on a streaming
// route are larger ones (or chunked ones, whose size nobody knows) left for the handler to read.
#pragma once

#include "protocol/base/clock.hpp"
#include "protocol/http/edge_chunked.hpp"
#include "protocol/http/edge_rate.hpp"
#include "protocol/http/edge_refusal.hpp"
#include "protocol/http/edge_route.hpp"
#include "protocol/http/head_scanner.hpp"

#include <string>
#include <string_view>

namespace perennial::http {

/// A request that a thread can take.
struct incoming_request {
  request_head head;
  route to;
  std::string id;   ///< Its x-request-id: the client's if it is a good one, else ours.
  std::string body; ///< Decoded; whole unless `streamed`.
  bool streamed = false;
};

class intake {
public:
  /// `limits` and `where` outlive this.
  intake(const edge_limits& limits, const router& where, steady_time now);

  enum class state : uint8_t { idle, head, body, ready, refused };

  /// Takes what was received. Not to be called when ready or refused.
  state feed(std::string_view bytes, steady_time now);

  /// After a request: goes on with the bytes that came behind it.
  state next(steady_time now);

  state current() const { return state_; }

  /// When the peer will have been too slow. Only while idle, in a head or in a body.
  steady_time deadline() const;
  /// Refuses for being too slow. An idle connection is not refused but closed.
  void refuse_slow();
  void refuse(refusal why);

  const refusal& why() const { return why_; }
  incoming_request& request() { return request_; }
  const incoming_request& request() const { return request_; }

  /// True once, if the client waits for "100 Continue" before it sends the body being gathered.
  bool take_continue();

  /// The bytes behind a streamed request's head, for whoever reads its body, and what that one read
  /// too much.
  std::string take_rest() { return std::exchange(raw_, {}); }
  void put_rest(std::string bytes) { raw_ = std::move(bytes); }

  /// Memory held.
  size_t held_bytes() const { return raw_.capacity() + request_.body.capacity(); }

private:
  state advance(std::string_view& bytes, steady_time now);
  bool read_head(std::string_view& bytes, steady_time now);
  void begin_body(steady_time now);
  bool read_sized(std::string_view& bytes);
  bool read_chunks(std::string_view& bytes);

  const edge_limits* limits_;
  const router* where_;
  state state_ = state::idle;
  std::string raw_; // received, not used yet
  head_scanner scanner_;
  incoming_request request_;
  chunk_decoder chunks_;
  rate_guard rate_;
  bool owes_continue_ = false;
  steady_time since_; // when this state began
  steady_time last_;  // when body bytes came last
  refusal why_;
};

} // namespace perennial::http
