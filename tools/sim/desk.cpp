#include "tools/sim/desk.hpp"

#include "tools/sim/answer.hpp"
#include "tools/sim/hash64.hpp"
#include "tools/sim/http_reply.hpp"
#include "tools/sim/stream.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace perennial::sim {

namespace {

using nlohmann::json;

using namespace std::string_view_literals;

constexpr std::string_view garbage_bytes =
  "\x16\x03\x01 this is not HTTP\r\n\x00\xff\xfe garbage garbage garbage\r\n\r\n"sv;

/// Cuts a reply in the middle of its body.
void truncate(reply& r) {
  if (r.pad > 0) {
    r.pad /= 2;
    r.bytes.resize(r.pad_at);
    return;
  }
  const size_t body = r.bytes.find("\r\n\r\n") + 4;
  r.bytes.resize(body + (r.bytes.size() - body) / 2);
}

/// Texts that are padded to more than this are not made whole.
constexpr uint64_t longest_held = uint64_t{1} << 20;

/// The bodies that have the text once.
bool has_one_text(endpoint kind) {
  return kind == endpoint::chat || kind == endpoint::completions || kind == endpoint::responses;
}

/// An answer padded to `answer_bytes`, of which only the beginning and the end are held.
void render_padded(reply& out, const reply_head& head, const model_request& asked,
                   const answer_context& context, const settings& s) {
  constexpr std::string_view mark = "@pad@";
  std::string text = echo(asked.prompt, {.max_echo = s.max_echo});
  out.pad = s.answer_bytes - std::min<uint64_t>(s.answer_bytes, text.size() + 1);
  text.append(" ").append(mark);
  auto body = render_answer(asked, text, context);
  const auto at = body.rfind(mark);
  body.erase(at, mark.size());
  const auto behind = body.size() - at;
  out.bytes = render_reply(head, body, out.pad);
  out.pad_at = out.bytes.size() - behind;
}

/// JSON text, whatever bytes the flags brought in.
std::string dump(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::string retry_after_field(std::chrono::seconds wait) {
  return fmt::format("Retry-After: {}\r\n", wait.count());
}

bool is_from(const http_head& head, std::string_view key) {
  constexpr std::string_view scheme = "Bearer ";
  return head.authorization.starts_with(scheme) && head.authorization.substr(scheme.size()) == key;
}

} // namespace

std::string_view reply::piece(uint64_t from, uint64_t end) const {
  static const std::string dots(64 << 10, '.');
  const std::string_view all = bytes;
  if (from < pad_at) return all.substr(from, std::min<uint64_t>(pad_at, end) - from);
  if (from >= pad_at + pad) return all.substr(from - pad, end - from);
  const auto left = std::min(pad_at + pad, end) - from;
  return std::string_view{dots}.substr(0, left);
}

desk::desk(provider& p, uint64_t number)
  : provider_(p)
  , ids_(mix64(static_cast<uint64_t>(wall_now().time_since_epoch().count()) ^ mix64(number))) {
  refresh();
}

bool desk::refresh() {
  const uint64_t now = provider_.version();
  if (now == version_) return false;
  version_ = now;
  settings_ = provider_.current();
  return true;
}

uint64_t desk::next_id() { return mix64(++ids_); }

reply desk::failure(int status, std::string_view message, std::string_view code, bool keep_alive,
                    std::string_view extra) {
  reply out;
  out.close = !keep_alive;
  out.bytes = render_reply(
    {.status = status, .request_id = next_id(), .extra = extra, .keep_alive = keep_alive},
    render_error(message, error_type(status), code));
  return out;
}

reply desk::turn_away(refusal why, int status, std::string_view message, std::string_view code,
                      bool keep_alive, std::string_view extra) {
  provider_.refused(why);
  return failure(status, message, code, keep_alive, extra);
}

reply desk::refuse(const request_refusal& why) {
  return turn_away(refusal::malformed, why.status, why.reason, "", false);
}

bool desk::authorized(const http_head& head) const {
  return settings_->api_key.empty() || is_from(head, settings_->api_key);
}

reply desk::answer(const http_request& request, steady_time now, bool held) {
  const http_head& head = request.head;
  if (!head.path.starts_with("/v1/")) return service(request, now);
  if (!held) provider_.arrived();
  reply out;
  if (!authorized(head))
    out = turn_away(refusal::unauthorized, 401, "Incorrect API key provided.", "invalid_api_key",
                    head.keep_alive);
  else if (!settings_->throttle_key.empty() && is_from(head, settings_->throttle_key))
    out = failure(429, "Too many requests.", "rate_limit_exceeded", head.keep_alive,
                  retry_after_field(settings_->retry_after));
  else if (!settings_->spent_key.empty() && is_from(head, settings_->spent_key))
    out = failure(429, "You exceeded your current quota.", "insufficient_quota", head.keep_alive,
                  retry_after_field(settings_->retry_after));
  else if (head.method == "GET" && head.path == "/v1/models")
    out.bytes = render_reply({.request_id = next_id(), .keep_alive = head.keep_alive},
                             render_models(settings_->models));
  else if (const auto kind = endpoint_of(head.path); !kind)
    out = turn_away(refusal::wrong_path, 404, "There is nothing at this path.", "not_found",
                    head.keep_alive);
  else if (head.method != "POST")
    out = turn_away(refusal::wrong_path, 405, "This path takes POST.", "method_not_allowed",
                    head.keep_alive);
  else
    out = answer_model(*kind, request, now);
  out.in_flight = true;
  out.close = out.close || !head.keep_alive;
  return out;
}

/// The replies that follow from what the request says, whatever the dice.
std::optional<reply> desk::break_rule(const model_request& asked, bool keep_alive) {
  const settings& s = *settings_;
  const bool known = std::find(s.models.begin(), s.models.end(), asked.model) != s.models.end();
  const bool exists = asked.model.empty() || known || !s.unknown_models;
  if (!exists || (!s.wrong_model.empty() && asked.model == s.wrong_model))
    return turn_away(refusal::wrong_model, 404,
                     fmt::format("The model `{}` does not exist.", asked.model), "model_not_found",
                     keep_alive);
  if (!s.fail_model.empty() && asked.model == s.fail_model)
    return failure(500, "The model had an error.", "", keep_alive);
  if (!s.forbid.empty() && asked.prompt.find(s.forbid) != std::string_view::npos)
    return turn_away(refusal::forbidden, 403, "This prompt is not allowed.", "forbidden",
                     keep_alive);
  if (!s.hold.empty() && asked.prompt.find(s.hold) != std::string_view::npos) {
    reply out;
    out.act = reply::action::hold;
    return out;
  }
  if (asked.stream && !can_stream(asked.kind))
    return turn_away(refusal::malformed, 400, "This endpoint does not stream.", "", keep_alive);
  return std::nullopt;
}

reply desk::answer_model(endpoint kind, const http_request& request, steady_time now) {
  const bool keep_alive = request.head.keep_alive;
  const auto asked = reader_.read(kind, request.body);
  if (!asked) return turn_away(refusal::malformed, 400, asked.error().message, "", keep_alive);
  if (auto broken = break_rule(*asked, keep_alive)) return std::move(*broken);

  const uint64_t prompt = hash64(asked->prompt);
  const verdict v = provider_.judge(*settings_, prompt, now);
  if (v.refused) {
    std::string extra;
    if (v.wait.count() != 0)
      extra = retry_after_field(std::chrono::ceil<std::chrono::seconds>(v.wait));
    return failure(429, "Too many requests.", "rate_limit_exceeded", keep_alive, extra);
  }
  reply out =
    v.fate == fault::none ? good_answer(*asked, keep_alive) : commit(v.fate, *asked, keep_alive);
  const bool at_once =
    v.fate == fault::throttled || v.fate == fault::throttled_after || v.fate == fault::reset_before;
  if (!at_once) out.delay = v.latency;
  if (v.fate == fault::none || v.fate == fault::reset_after || v.fate == fault::drip)
    out.answers = prompt;
  return out;
}

reply desk::good_answer(const model_request& asked, bool keep_alive) {
  const settings& s = *settings_;
  answer_context context;
  context.model = asked.model;
  if (context.model.empty() && !s.models.empty()) context.model = s.models.front();
  context.id = next_id();
  context.created = to_unix_ms(wall_now()) / 1000;
  reply out;
  reply_head head{.request_id = context.id, .extra = s.answer_headers, .keep_alive = keep_alive};
  if (!asked.stream && s.answer_bytes > longest_held && has_one_text(asked.kind)) {
    render_padded(out, head, asked, context, s);
    return out;
  }
  const std::string text =
    echo(asked.prompt, {.max_echo = s.max_echo, .answer_bytes = s.answer_bytes});
  if (asked.stream) {
    head.content_type = "text/event-stream";
    out.bytes = render_chunked_reply(head, render_stream(asked, text, context));
    out.gap = s.stream_gap;
    out.by_event = true;
  } else {
    out.bytes = render_reply(head, render_answer(asked, text, context));
  }
  return out;
}

reply desk::commit(fault fate, const model_request& asked, bool keep_alive) {
  reply out;
  switch (fate) {
  case fault::throttled: return failure(429, "Slow down.", "rate_limit_exceeded", keep_alive);
  case fault::throttled_after:
    return failure(429, "Slow down.", "rate_limit_exceeded", keep_alive,
                   retry_after_field(settings_->retry_after));
  case fault::error_500: return failure(500, "The server had an error.", "", keep_alive);
  case fault::error_503: return failure(503, "The server is overloaded.", "", keep_alive);
  case fault::reset_before:
  case fault::reset_after: out.act = reply::action::reset; return out;
  case fault::hang: out.act = reply::action::hang; return out;
  case fault::drip:
    out = good_answer(asked, keep_alive);
    out.gap = settings_->drip_interval;
    out.by_event = false;
    return out;
  case fault::garbage:
    out.bytes = garbage_bytes;
    out.close = true;
    return out;
  case fault::truncated:
    out = good_answer(asked, keep_alive);
    truncate(out);
    out.gap = {};
    out.close = true;
    return out;
  case fault::none: break;
  }
  return out;
}

/// The paths that tests use and no provider has.
reply desk::service(const http_request& request, steady_time now) {
  const http_head& head = request.head;
  reply out;
  out.close = !head.keep_alive;
  json body;
  if (head.path == "/healthz") {
    body = {{"status", "ok"}};
  } else if (head.path == "/stats") {
    body = provider_.stats();
  } else if (head.path == "/stats/reset" && head.method == "POST") {
    provider_.reset_stats();
    body = provider_.stats();
  } else if (head.path == "/control" && head.method == "POST") {
    return control(request, now);
  } else if (head.path == "/control") {
    body = to_json(*settings_, now);
  } else {
    return turn_away(refusal::wrong_path, 404,
                     "There is nothing at this path; the API begins with /v1/.", "not_found",
                     head.keep_alive);
  }
  out.bytes = render_reply({.request_id = next_id(), .keep_alive = head.keep_alive}, dump(body));
  return out;
}

reply desk::control(const http_request& request, steady_time now) {
  const bool keep_alive = request.head.keep_alive;
  const json changes = json::parse(request.body, nullptr, false);
  if (changes.is_discarded()) return failure(400, "The body is not JSON.", "", keep_alive);
  if (auto ok = provider_.control(changes, now); !ok)
    return failure(400, ok.error().message, "", keep_alive);
  reply out;
  out.close = !keep_alive;
  out.bytes = render_reply({.request_id = next_id(), .keep_alive = keep_alive},
                           dump(to_json(*provider_.current(), now)));
  return out;
}

} // namespace perennial::sim
