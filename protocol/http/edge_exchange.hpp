// One request through httplib's routing, all in memory: httplib sees a request line that we wrote,
// the headers that we read, and a whole body; its answer is gathered and sent by us.
//
// So none of httplib's own reading of heads, chunks, ranges and encodings meets a client's bytes:
// 0.11.4 percent-decodes header values, takes a client's REMOTE_ADDR for its own, cuts any answer
// by Range, decompresses bodies without a limit.
#pragma once

#include "protocol/http/edge_connection.hpp"
#include "protocol/http/edge_download.hpp"

#include <httplib.h>

#include <functional>
#include <optional>
#include <string>

namespace perennial::http {

/// What httplib reads from and writes to.
class memory_stream : public httplib::Stream {
public:
  memory_stream(std::string line, std::string_view body, std::string& out, const connection& c)
    : line_(std::move(line))
    , line_left_(line_)
    , body_left_(body)
    , out_(out)
    , c_(c) {}

  bool is_readable() const override { return true; }
  bool is_writable() const override { return true; }
  ssize_t read(char* to, size_t size) override;
  ssize_t write(const char* from, size_t size) override;
  void get_remote_ip_and_port(std::string& ip, int& port) const override;
  void get_local_ip_and_port(std::string& ip, int& port) const override;
  socket_t socket() const override { return -1; }

private:
  const std::string line_;
  std::string_view line_left_, body_left_;
  std::string& out_;
  const connection& c_;
};

/// What becomes of the connection after one request.
struct exchange {
  connection& c;
  bool keep_alive = true;
  bool on_slow_thread = false;
  std::optional<download> rest; ///< The answer's body, if a provider makes it.
};

/// "GET /path?query HTTP/1.1" and the end of a head without headers.
std::string request_line(const request_head& head);

/// Gives a request the client's headers as they were read: without those that are the edge's
/// business (connection, framing, encodings) and with `x-request-id`.
void fill_headers(httplib::Request& to, const incoming_request& from);

/// A request for a streaming route, with path, parameters, headers and addresses.
void fill_request(httplib::Request& to, const connection& c);

/// An answer with a body (no provider) as it goes over the wire.
std::string render(const httplib::Response& answer, bool keep_alive);

} // namespace perennial::http
