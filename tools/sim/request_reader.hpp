// Reads HTTP/1.1 requests out of a connection's bytes, however they are cut. Built for speed: a
// request that lies whole in the buffer is never copied, its parts are views into the buffer.
#pragma once

#include "tools/sim/chunked_decoder.hpp"
#include "tools/sim/http_head.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>

namespace perennial::sim {

inline constexpr size_t head_limit = size_t{64} << 10;
inline constexpr size_t body_limit = size_t{64} << 20;

/// simdjson reads up to this many bytes past the end of a body; they must be readable.
inline constexpr size_t body_padding = 64;

/// One whole request. The views die with the buffer, the body in chunks with the reader's `reset`.
struct http_request {
  http_head head;
  std::string_view body;
};

/// Why a request cannot be read: what to answer before the connection closes.
struct request_refusal {
  int status = 400;
  std::string_view reason;
};

class request_reader {
public:
  enum class status : uint8_t { more, done, bad };

  /// Reads the request at the start of `buffer`. After `more`, call again with the same bytes and
  /// those that came since; their address may change. `body_padding` bytes after the buffer must be
  /// readable; so they are after the body. After `done` the request is in `out` and
  /// `size()` is how many bytes of the buffer it took.
  status read(std::string_view buffer, http_request& out);

  /// Forgets the request, for the next one.
  void reset() { *this = request_reader{}; }

  size_t size() const { return size_; }
  const request_refusal& refusal() const { return refusal_; }
  /// Says once that the client waits for "100 Continue" before it sends the body.
  bool take_continue() { return std::exchange(wants_continue_, false); }

private:
  status find_head(std::string_view buffer);
  status read_plain(std::string_view buffer, http_request& out);
  status read_chunks(std::string_view buffer, http_request& out);
  status refuse(int code, std::string_view reason);

  size_t scanned_ = 0;   ///< the head does not end before here
  size_t head_size_ = 0; ///< 0 until the head is whole
  size_t size_ = 0;      ///< bytes of the buffer that the request needs, as far as it is known
  std::optional<chunked_decoder> chunks_;
  bool wants_continue_ = false;
  request_refusal refusal_;
};

} // namespace perennial::sim
