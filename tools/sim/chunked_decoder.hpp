// Takes the chunks of an HTTP/1.1 body (RFC 9112 §7.1) apart as they arrive. Extensions and
// trailers are read and dropped. A value; it sees bytes, never a socket.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace perennial::sim {

class chunked_decoder {
public:
  enum class status : uint8_t { more, done, bad, too_large };

  explicit chunked_decoder(size_t limit)
    : limit_(limit) {}

  /// Reads on in `bytes`, which begins where the last call stopped; moves `used` past what it took.
  status read(std::string_view bytes, size_t& used);

  std::string& body() { return body_; }

private:
  enum class place : uint8_t { size_line, data, data_end, trailer };

  status read_size(std::string_view line);

  std::string body_;
  size_t limit_;
  size_t left_ = 0; ///< of the chunk that is being read
  place place_ = place::size_line;
};

} // namespace perennial::sim
