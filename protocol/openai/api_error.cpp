#include "protocol/openai/api_error.hpp"

#include "protocol/jobs/json_text.hpp"
#include "protocol/openai/json.hpp"

namespace perennial::openai {

namespace {

constexpr size_t longest_message = 500;

api_error server_error(int status, std::string message, std::string_view code) {
  api_error e;
  e.status = status;
  e.message = std::move(message);
  e.code = code;
  return e;
}

std::string shortened(std::string text) {
  if (text.size() <= longest_message) return text;
  auto cut = longest_message;
  while (cut > 0 && (static_cast<unsigned char>(text[cut]) & 0xC0) == 0x80) --cut;
  return text.substr(0, cut) + "…";
}

} // namespace

api_error invalid_request(std::string message, std::string_view param, std::string_view code) {
  api_error e;
  e.status = 400;
  e.message = std::move(message);
  e.type = "invalid_request_error";
  if (!param.empty()) e.param = param;
  if (!code.empty()) e.code = code;
  return e;
}

api_error no_such(std::string_view what, std::string_view id, std::string_view param) {
  auto e = invalid_request(fmt::format("No such {} object: {}", what, id), param);
  e.status = 404;
  return e;
}

api_error from_error(const error& e) {
  switch (e.kind) {
  case errc::invalid_input: return invalid_request(e.message);
  case errc::unsupported: return invalid_request(e.message, {}, "unsupported");
  case errc::not_found: {
    auto out = invalid_request(e.message);
    out.status = 404;
    return out;
  }
  case errc::conflict: {
    auto out = invalid_request(e.message, {}, "conflict");
    out.status = 409;
    return out;
  }
  case errc::busy: return server_error(503, e.message, "busy");
  case errc::cancelled: return server_error(503, e.message, "cancelled");
  case errc::unavailable: return server_error(503, e.message, "unavailable");
  case errc::closed:
    return server_error(503, "the service is stopping or restarting; try again", "unavailable");
  case errc::timed_out: return server_error(504, e.message, "timed_out");
  case errc::no_space: return server_error(507, e.message, "no_space");
  case errc::io_error:
  case errc::corrupt:
  case errc::internal: break;
  }
  return server_error(500, "the service has failed inside; its log says how", "internal");
}

std::string to_json(const api_error& e) {
  return dump({{"error",
                {{"message", e.message},
                 {"type", e.type},
                 {"param", or_null(e.param)},
                 {"code", or_null(e.code)}}}});
}

api_error parse_api_error(int status, std::string_view body) {
  api_error out;
  out.status = status;
  const auto parsed = parse_object(body);
  if (parsed) {
    const auto& inner = member_of(*parsed, "error");
    const auto& from = inner.is_object() ? inner : *parsed;
    out.message = inner.is_string() ? inner.get<std::string>() : text_of(from, "message");
    if (auto type = text_of(from, "type"); !type.empty()) out.type = std::move(type);
    if (auto param = text_of(from, "param"); !param.empty()) out.param = std::move(param);
    if (auto code = text_of(from, "code"); !code.empty()) out.code = std::move(code);
  }
  if (out.message.empty()) {
    out.message = body.empty()
                    ? fmt::format("HTTP status {} without a body", status)
                    : fmt::format("HTTP status {}: {}", status, jobs::in_quotes(body, 200));
  }
  out.message = shortened(std::move(out.message));
  return out;
}

} // namespace perennial::openai
