#include "protocol/http/edge_exchange.hpp"

#include "protocol/http/head_target.hpp"

#include <algorithm>
#include <array>
#include <cstring>

namespace perennial::http {

namespace {

/// Not for handlers: the edge has dealt with them. Accept-Encoding, so that nothing is compressed.
constexpr std::array<std::string_view, 9> edge_headers{
  "connection", "keep-alive",      "content-length",   "transfer-encoding", "expect",
  "trailer",    "accept-encoding", "content-encoding", "x-request-id"};

bool is_edge_header(std::string_view name) {
  return std::ranges::any_of(edge_headers, [&](auto own) { return same_word(own, name); });
}

} // namespace

ssize_t memory_stream::read(char* to, size_t size) {
  auto& from = line_left_.empty() ? body_left_ : line_left_;
  const auto piece = from.substr(0, size);
  std::memcpy(to, piece.data(), piece.size());
  from.remove_prefix(piece.size());
  return static_cast<ssize_t>(piece.size());
}

ssize_t memory_stream::write(const char* from, size_t size) {
  out_.append(from, size);
  return static_cast<ssize_t>(size);
}

void memory_stream::get_remote_ip_and_port(std::string& ip, int& port) const {
  ip = c_.remote.ip;
  port = c_.remote.port;
}

void memory_stream::get_local_ip_and_port(std::string& ip, int& port) const {
  ip = c_.local.ip;
  port = c_.local.port;
}

std::string request_line(const request_head& head) {
  return head.method + " " + head.target + " HTTP/1.1\r\n\r\n";
}

void fill_headers(httplib::Request& to, const incoming_request& from) {
  to.headers.clear();
  for (const auto& [name, value] : from.head.headers)
    if (!is_edge_header(name)) to.headers.emplace(name, value);
  to.headers.emplace("x-request-id", from.id);
  if (!from.streamed && (from.head.has_body() || from.head.content_length))
    to.headers.emplace("Content-Length", std::to_string(from.body.size()));
  to.version = from.head.http_1_0 ? "HTTP/1.0" : "HTTP/1.1";
}

void fill_request(httplib::Request& to, const connection& c) {
  const auto& from = c.in.request();
  to.method = from.head.method;
  to.path = from.head.path;
  to.target = from.head.target;
  for (auto& [name, value] : parse_query(from.head.query))
    to.params.emplace(std::move(name), std::move(value));
  fill_headers(to, from);
  to.remote_addr = c.remote.ip;
  to.remote_port = c.remote.port;
  to.local_addr = c.local.ip;
  to.local_port = c.local.port;
}

std::string render(const httplib::Response& answer, bool keep_alive) {
  auto out = fmt::format("HTTP/1.1 {} {}\r\n", answer.status, reason_phrase(answer.status));
  for (const auto& [name, value] : answer.headers) {
    if (same_word(name, "content-length") || same_word(name, "connection")) continue;
    out += fmt::format("{}: {}\r\n", name, value);
  }
  out += fmt::format("Content-Length: {}\r\n", answer.body.size());
  if (!keep_alive) out += "Connection: close\r\n";
  out += "\r\n";
  out += answer.body;
  return out;
}

} // namespace perennial::http
