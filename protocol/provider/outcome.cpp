#include "protocol/provider/outcome.hpp"

#include "protocol/provider/error_body.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace perennial::provider {

namespace {

constexpr uint32_t default_max_attempts = 5;

std::string where(const provider_settings& s) { return s.base.origin() + s.base.prefix; }

std::string said(const error_body& e) {
  return e.message.empty() ? std::string{} : fmt::format(": {}", e.message);
}

std::string key_hint(const provider_settings& s) {
  return s.key_source.empty() ? "no key is configured" : fmt::format("check {}", s.key_source);
}

/// Whether the body begins like JSON; the renderer validates it, this only tells garbage from
/// answers.
bool looks_like_json(const call_report& r) {
  const auto at = r.body.find_first_not_of(" \t\r\n");
  if (at == std::string::npos) return false;
  const char c = r.body[at];
  const auto end = r.body.find_last_not_of(" \t\r\n");
  return (c == '{' && r.body[end] == '}') || (c == '[' && r.body[end] == ']');
}

outcome lost(const call_report& r, const provider_settings& s, std::string_view what) {
  outcome o;
  o.kind = outcome_kind::lost;
  o.attempt_used = true;
  o.ambiguous = true;
  o.breaker = breaker_effect::failure;
  o.concurrency = concurrency_effect::shrink;
  o.error_code = "connection_lost";
  o.message = fmt::format("{}: {}{}{}; nobody knows whether the provider ran the request", where(s),
                          what, r.failure_text.empty() ? "" : ": ", r.failure_text);
  return o;
}

outcome never_sent(const call_report& r, const provider_settings& s, std::string code,
                   std::string_view what) {
  outcome o;
  o.kind = outcome_kind::never_sent;
  o.never_sent = true;
  o.breaker = breaker_effect::failure;
  o.error_code = std::move(code);
  o.message =
    fmt::format("{}: {}{}{}", where(s), what, r.failure_text.empty() ? "" : ": ", r.failure_text);
  return o;
}

outcome without_answer(const call_report& r, const provider_settings& s) {
  switch (r.failure) {
  case transport_failure::refused:
    return never_sent(r, s, "connection_refused",
                      "the connection cannot be made; is the URL right and the provider up?");
  case transport_failure::dns:
    return never_sent(r, s, "name_unknown",
                      "the host's name cannot be resolved; check the URL and DNS");
  case transport_failure::connect_timeout:
    return never_sent(r, s, "connect_timeout", "connecting took too long");
  case transport_failure::tls:
    return never_sent(r, s, "tls_failed",
                      "the TLS handshake failed; check the certificate, or give --ca-file");
  case transport_failure::aborted: {
    outcome o;
    o.kind = outcome_kind::aborted;
    o.ambiguous = r.sent;
    o.error_code = "aborted";
    return o;
  }
  case transport_failure::too_large: {
    outcome o;
    o.kind = outcome_kind::response_too_large;
    o.attempt_used = true;
    o.error_code = "response_too_large";
    o.message = fmt::format("the response is larger than the limit of {} bytes; it was not kept",
                            s.max_response_bytes);
    return o;
  }
  case transport_failure::first_byte_timeout: return lost(r, s, "no answer in time");
  case transport_failure::idle_timeout: return lost(r, s, "the answer stopped in the middle");
  case transport_failure::total_timeout: return lost(r, s, "the call took longer than allowed");
  case transport_failure::truncated: return lost(r, s, "the answer was cut short");
  case transport_failure::reset:
  case transport_failure::none: break;
  }
  if (!r.sent)
    return never_sent(r, s, "connection_reset", "the connection broke before the request was sent");
  return lost(r, s, "the connection broke");
}

} // namespace

outcome classify(const call_report& r, const route_history& h, const provider_settings& s) {
  if (r.failure != transport_failure::none || r.status == 0) return without_answer(r, s);
  outcome o;
  o.answered = true;
  o.error_code = fmt::format("http_{}", r.status);
  if (r.status >= 200 && r.status < 300) {
    if (!looks_like_json(r)) {
      o = lost(r, s, "the answer is no JSON");
      o.kind = outcome_kind::bad_answer;
      o.answered = true;
      o.error_code = "bad_answer";
      return o;
    }
    o.breaker = breaker_effect::success;
    o.concurrency = concurrency_effect::grow;
    return o;
  }
  if (r.status >= 300 && r.status < 400) {
    o.kind = outcome_kind::redirect;
    o.park = park_scope::route;
    o.message =
      fmt::format("{} answers with a redirect ({}){}{}, which is not followed, since the key must "
                  "not go elsewhere; give the right --base-url",
                  where(s), r.status, r.location_origin.empty() ? "" : " to ", r.location_origin);
    return o;
  }
  const auto e = read_error_body(r.body);
  if (!e.code.empty()) o.error_code = e.code;
  o.message = fmt::format("{} answers {}{}", where(s), r.status, said(e));
  const auto wait = r.retry_after ? r.retry_after : e.retry_after;
  switch (r.status) {
  case 429:
    if (e.code == "insufficient_quota" || e.type == "insufficient_quota") {
      o.kind = outcome_kind::quota_spent;
      o.park = park_scope::key;
      o.message =
        fmt::format("{}: the quota of the key is spent{}; add credit, or give another key. The "
                    "lines wait",
                    where(s), said(e));
      return o;
    }
    o.kind = outcome_kind::throttled;
    o.concurrency = concurrency_effect::shrink;
    o.wait_at_least = wait;
    return o;
  case 402:
    if (e.x402) {
      o.kind = outcome_kind::throttled;
      o.concurrency = concurrency_effect::shrink;
      o.wait_at_least = wait;
      return o;
    }
    o.kind = outcome_kind::quota_spent;
    o.park = park_scope::key;
    o.message =
      fmt::format("{} asks for payment (402){}; add credit, or give another key. The lines wait",
                  where(s), said(e));
    return o;
  case 408:
  case 409:
  case 425:
    o.kind = outcome_kind::try_again;
    o.attempt_used = true;
    o.wait_at_least = wait;
    return o;
  case 503:
  case 529:
    o.kind = outcome_kind::overloaded;
    o.attempt_used = true;
    o.breaker = breaker_effect::failure;
    o.concurrency = concurrency_effect::shrink;
    o.wait_at_least = wait;
    return o;
  default: break;
  }
  if (r.status >= 500) {
    o.kind = outcome_kind::server_error;
    o.attempt_used = true;
    o.breaker = breaker_effect::failure;
    o.wait_at_least = wait;
    return o;
  }
  if (r.status == 401 || (r.status == 403 && !h.key_succeeded)) {
    o.kind = outcome_kind::unauthorized;
    o.park = park_scope::key;
    o.message = fmt::format("{} does not accept the key ({}){}; {}. The lines wait", where(s),
                            r.status, said(e), key_hint(s));
    return o;
  }
  const bool route = r.status == 404 || r.status == 405 || e.code == "model_not_found";
  if (route && !h.model_succeeded) {
    o.kind = outcome_kind::route_unknown;
    o.park = park_scope::route;
    o.message =
      fmt::format("{} does not know the path or the model ({}){}; check the URL and the model's "
                  "name. The lines wait",
                  where(s), r.status, said(e));
    return o;
  }
  o.kind = outcome_kind::rejected;
  o.attempt_used = true;
  return o;
}

disposition decide(const outcome& o, uint32_t attempts_used, uint32_t max_attempts) {
  const auto most = max_attempts == 0 ? default_max_attempts : max_attempts;
  switch (o.kind) {
  case outcome_kind::success: return disposition::result;
  case outcome_kind::rejected:
  case outcome_kind::response_too_large: return disposition::failed;
  case outcome_kind::throttled:
  case outcome_kind::quota_spent:
  case outcome_kind::unauthorized:
  case outcome_kind::route_unknown:
  case outcome_kind::redirect:
  case outcome_kind::aborted: return disposition::give_back;
  case outcome_kind::never_sent: return disposition::retry;
  case outcome_kind::try_again:
  case outcome_kind::overloaded:
  case outcome_kind::server_error:
  case outcome_kind::lost:
  case outcome_kind::bad_answer: break;
  }
  return attempts_used + 1 >= most ? disposition::failed : disposition::retry;
}

} // namespace perennial::provider
