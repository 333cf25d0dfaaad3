#include "protocol/http/edge_refusal.hpp"

#include "protocol/openai/api_error.hpp"

#include <fmt/format.h>

#include <array>
#include <utility>

namespace perennial::http {

namespace {

struct description {
  std::string_view name;
  int status;
};

/// In the order of `refusal_reason`.
constexpr std::array<description, refusal_reasons> descriptions{{
  {"malformed_request", 400},  {"ambiguous_length", 400},   {"bad_host", 400},
  {"bad_chunk", 400},          {"slow_head", 408},          {"slow_body", 408},
  {"body_too_large", 413},     {"target_too_long", 414},    {"content_encoding_unsupported", 415},
  {"expectation_failed", 417}, {"head_too_large", 431},     {"too_many_headers", 431},
  {"unknown_method", 501},     {"unknown_version", 505},    {"too_many_connections", 503},
  {"too_many_uploads", 503},   {"too_many_downloads", 503}, {"memory_full", 503},
  {"stopping", 503},
}};

constexpr std::pair<int, std::string_view> phrases[] = {
  {100, "Continue"},
  {200, "OK"},
  {201, "Created"},
  {202, "Accepted"},
  {204, "No Content"},
  {206, "Partial Content"},
  {301, "Moved Permanently"},
  {302, "Found"},
  {303, "See Other"},
  {304, "Not Modified"},
  {307, "Temporary Redirect"},
  {308, "Permanent Redirect"},
  {400, "Bad Request"},
  {401, "Unauthorized"},
  {402, "Payment Required"},
  {403, "Forbidden"},
  {404, "Not Found"},
  {405, "Method Not Allowed"},
  {406, "Not Acceptable"},
  {408, "Request Timeout"},
  {409, "Conflict"},
  {410, "Gone"},
  {411, "Length Required"},
  {412, "Precondition Failed"},
  {413, "Content Too Large"},
  {414, "URI Too Long"},
  {415, "Unsupported Media Type"},
  {416, "Range Not Satisfiable"},
  {417, "Expectation Failed"},
  {422, "Unprocessable Content"},
  {425, "Too Early"},
  {429, "Too Many Requests"},
  {431, "Request Header Fields Too Large"},
  {500, "Internal Server Error"},
  {501, "Not Implemented"},
  {502, "Bad Gateway"},
  {503, "Service Unavailable"},
  {504, "Gateway Timeout"},
  {505, "HTTP Version Not Supported"},
  {507, "Insufficient Storage"},
};

} // namespace

std::string_view to_string(refusal_reason reason) noexcept {
  return descriptions[static_cast<size_t>(reason)].name;
}

int status_of(refusal_reason reason) noexcept {
  return descriptions[static_cast<size_t>(reason)].status;
}

std::string error_body(const refusal& why) {
  auto error = openai::invalid_request(why.message, {}, to_string(why.reason));
  error.status = status_of(why.reason);
  if (error.status == 503) error.type = "server_error";
  return openai::to_json(error);
}

std::string render(const refusal& why, std::string_view request_id,
                   std::chrono::seconds retry_after) {
  const auto status = status_of(why.reason);
  const auto body = error_body(why);
  auto out = fmt::format("HTTP/1.1 {} {}\r\nContent-Type: application/json\r\n"
                         "Content-Length: {}\r\nx-request-id: {}\r\nConnection: close\r\n",
                         status, reason_phrase(status), body.size(), request_id);
  if (status == 503) out += fmt::format("Retry-After: {}\r\n", retry_after.count());
  out += "\r\n";
  out += body;
  return out;
}

std::string_view reason_phrase(int status) noexcept {
  for (const auto& [code, phrase] : phrases)
    if (code == status) return phrase;
  return "Unknown";
}

} // namespace perennial::http
