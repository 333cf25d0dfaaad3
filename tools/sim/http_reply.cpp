#include "tools/sim/http_reply.hpp"

#include "tools/sim/answer.hpp"
#include "tools/sim/json_text.hpp"

namespace perennial::sim {

namespace {

std::string_view reason_of(int status) {
  switch (status) {
  case 200: return "OK";
  case 400: return "Bad Request";
  case 401: return "Unauthorized";
  case 403: return "Forbidden";
  case 404: return "Not Found";
  case 405: return "Method Not Allowed";
  case 413: return "Content Too Large";
  case 429: return "Too Many Requests";
  case 431: return "Request Header Fields Too Large";
  case 500: return "Internal Server Error";
  case 503: return "Service Unavailable";
  default: return "Status";
  }
}

void append_head(std::string& out, const reply_head& head) {
  out.append("HTTP/1.1 ");
  append_number(out, static_cast<uint64_t>(head.status));
  out.append(" ").append(reason_of(head.status)).append("\r\nContent-Type: ");
  out.append(head.content_type).append("\r\nx-request-id: ");
  append_id(out, "req_", head.request_id);
  out.append("\r\n").append(head.extra);
  if (!head.keep_alive) out.append("Connection: close\r\n");
}

} // namespace

std::string render_reply(const reply_head& head, std::string_view body, uint64_t more) {
  std::string out;
  out.reserve(body.size() + head.extra.size() + 192);
  append_head(out, head);
  out.append("Content-Length: ");
  append_number(out, body.size() + more);
  out.append("\r\n\r\n").append(body);
  return out;
}

std::string render_chunked_reply(const reply_head& head, std::string_view chunks) {
  std::string out;
  out.reserve(chunks.size() + head.extra.size() + 192);
  append_head(out, head);
  out.append("Transfer-Encoding: chunked\r\n\r\n").append(chunks);
  return out;
}

std::string render_error(std::string_view message, std::string_view type, std::string_view code) {
  std::string out(R"({"error":{"message":")");
  append_escaped(out, message);
  out.append(R"(","type":")").append(type).append(R"(","param":null,"code":)");
  if (code.empty()) return out.append("null}}");
  out.append("\"").append(code).append("\"}}");
  return out;
}

std::string_view error_type(int status) {
  if (status == 429) return "rate_limit_error";
  return status >= 500 ? "server_error" : "invalid_request_error";
}

} // namespace perennial::sim
