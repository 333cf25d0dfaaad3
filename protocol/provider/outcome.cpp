#include "protocol/provider/outcome.hpp"

#include "protocol/base/json_check.hpp"
#include "protocol/provider/error_body.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace perennial {

namespace {

using enum outcome_kind;

/// What a whole answer that is no success was: its status and what its body says.
struct refusal {
  int status;
  const call_report& report;
  provider_error body;
  const route_facts& route;

  std::optional<std::chrono::milliseconds> wait() const {
    auto out = report.retry_after;
    if (body.wait) out = std::max(out.value_or(*body.wait), *body.wait);
    return out;
  }
  std::string code() const {
    if (!body.code.empty()) return body.code;
    return !body.type.empty() ? body.type : fmt::format("http_{}", status);
  }
  /// "404 from https://…: " + `what`; the provider's own words behind it, where there are any.
  std::string sentence(std::string_view what) const {
    const auto said = without_stop(body.message);
    const std::string_view of = said.empty() ? "" : "; it says: ";
    return fmt::format("{} from {}: {}{}{}", status, route.url, what, of, said);
  }
  std::string key_name() const {
    if (!route.key_file.empty()) return fmt::format("the file {}", route.key_file);
    return route.key_env.empty() ? std::string{"the provider's API key"}
                                 : fmt::format("the variable {}", route.key_env);
  }
  /// Once the key is good: a file is read again when it is asked for, a variable at a start.
  std::string how_to_go_on() const {
    if (route.key_file.empty())
      return route.key_env.empty() ? "" : " and start again if it has to be another one";
    return fmt::format(", then: perennial providers resume {}",
                       route.provider.empty() ? "NAME" : route.provider);
  }
  /// What is wrong where none was sent.
  std::string no_key() const {
    return route.key_env.empty()
             ? std::string{"no key was sent, since no variable is named that holds one; name it "
                           "(--api-key-env, or api_key_env in a configuration) and start again"}
             : fmt::format("{} is not set, so no key was sent: set it to the provider's key and "
                           "start again",
                           route.key_env);
  }
  std::string model_name() const {
    return route.model.empty() ? std::string{"the model"}
                               : fmt::format("the model \"{}\"", route.model.substr(0, 100));
  }
};

/// What is common to the rows of the table; the texts come after.
outcome row(outcome_kind kind) {
  outcome out;
  out.kind = kind;
  const auto fails = [&out](bool slow = false) {
    out.breaker = breaker_effect::failure;
    out.slow = slow;
  };
  switch (kind) {
  case success:
    out.attempt_used = true;
    out.breaker = breaker_effect::success;
    out.concurrency = concurrency_effect::grow;
    break;
  case throttled_for:
  case throttled: out.concurrency = concurrency_effect::shrink; break;
  case quota_spent:
  case key_refused: out.park = park_target::key; break;
  case route_wrong:
  case redirected: out.park = park_target::route; break;
  case try_again:
  case rejected:
  case too_large: out.attempt_used = true; break;
  case overloaded:
    out.attempt_used = true;
    out.concurrency = concurrency_effect::shrink;
    fails();
    break;
  case server_error:
    out.attempt_used = true;
    fails();
    break;
  case never_sent: fails(); break;
  case lost:
    out.attempt_used = true;
    out.ambiguous = true;
    out.concurrency = concurrency_effect::shrink;
    fails(true);
    break;
  case bad_answer:
    out.attempt_used = true;
    out.ambiguous = true;
    fails();
    break;
  case aborted: break;
  }
  return out;
}

outcome_kind kind_of_4xx(const refusal& r) {
  const bool no_model = r.body.says("model_not_found");
  switch (r.status) {
  case 429:
    if (r.body.says("insufficient_quota")) return quota_spent;
    return r.wait() || r.report.limits.wait() ? throttled_for : throttled;
  case 402:
    if (!r.body.x402) return quota_spent;
    return r.wait() ? throttled_for : throttled;
  case 408:
  case 409:
  case 425: return try_again;
  case 401: return key_refused;
  case 403:
    if (no_model && !r.route.model_worked) return route_wrong;
    return r.route.key_worked ? rejected : key_refused;
  case 404:
  case 405: return r.route.model_worked ? rejected : route_wrong;
  default: return no_model && !r.route.model_worked ? route_wrong : rejected;
  }
}

outcome_kind kind_of(const refusal& r) {
  if (r.status < 200 || r.status > 599) return bad_answer;
  if (r.status < 400) return redirected;
  if (r.status < 500) return kind_of_4xx(r);
  return r.status == 503 || r.status == 529 ? overloaded : server_error;
}

std::string message_of(outcome_kind kind, const refusal& r) {
  switch (kind) {
  case throttled_for:
  case throttled: return r.sentence("too many requests for now; the lines wait");
  case quota_spent:
    return r.sentence(fmt::format("the quota or the balance behind {} is spent; top it up (a line "
                                  "is tried every minute or sooner) or use another key{}",
                                  r.key_name(), r.route.key_file.empty() ? "" : r.how_to_go_on()));
  case try_again: return r.sentence("a passing conflict; the line is tried again");
  case overloaded: return r.sentence("the provider is overloaded; the line is tried again");
  case server_error: return r.sentence("the provider failed; the line is tried again");
  case key_refused:
    if (!r.report.key_sent) return r.sentence(r.no_key());
    if (r.status == 401)
      return r.sentence(
        fmt::format("the key was not accepted; check {}{}", r.key_name(), r.how_to_go_on()));
    return r.sentence(fmt::format("the key may not do this, or the provider blocks our user_agent; "
                                  "check {}{}",
                                  r.key_name(), r.how_to_go_on()));
  case route_wrong:
    if (r.body.says("model_not_found"))
      return r.sentence(fmt::format("the provider does not know {}; check its name, and that the "
                                    "key may use it",
                                    r.model_name()));
    return r.sentence(fmt::format("nothing there answers such requests; check the base URL, and {}",
                                  r.model_name()));
  case redirected:
    return r.sentence("it sends us elsewhere, where the key is not sent along; write the final "
                      "address as the base URL");
  case rejected: return r.sentence("the request was refused; mend this line");
  default: return r.sentence("no answer that HTTP knows; check the base URL");
  }
}

outcome classify_refusal(const call_report& report, const route_facts& route) {
  const refusal r{report.status, report, read_error_body(report.body), route};
  auto out = row(kind_of(r));
  out.wait_at_least = r.wait();
  if (!out.wait_at_least && report.status == 429) out.wait_at_least = report.limits.wait();
  out.code = r.code();
  // Our own word where a program acts on it.
  if (out.kind == redirected) out.code = "redirected";
  if (out.kind == bad_answer) out.code = "bad_response";
  out.message = message_of(out.kind, r);
  return out;
}

std::string_view code_of(transport_failure failure) {
  switch (failure) {
  case transport_failure::dns: return "dns_error";
  case transport_failure::refused: return "connection_refused";
  case transport_failure::connect_timeout: return "connect_timeout";
  case transport_failure::proxy: return "proxy_error";
  case transport_failure::tls: return "tls_error";
  case transport_failure::write_failed:
  case transport_failure::reset: return "connection_reset";
  case transport_failure::first_byte_timeout:
  case transport_failure::idle_timeout:
  case transport_failure::total_timeout: return "timeout";
  case transport_failure::too_large: return "response_too_large";
  case transport_failure::aborted: return "aborted";
  case transport_failure::not_kept: return "not_kept";
  case transport_failure::none:
  case transport_failure::truncated:
  case transport_failure::garbage: break;
  }
  return "bad_response";
}

outcome_kind kind_of(const call_report& report) {
  switch (report.failure) {
  case transport_failure::aborted:
  case transport_failure::not_kept: return aborted;
  case transport_failure::too_large: return too_large;
  case transport_failure::truncated:
  case transport_failure::garbage: return bad_answer;
  default: return report.sent ? lost : never_sent;
  }
}

std::string_view advice_for(outcome_kind kind) {
  switch (kind) {
  case lost: return "; it may have done the work, the line is tried again";
  case bad_answer: return "; the line is tried again";
  default: return "";
  }
}

/// The provider did its work, and may have to do it again: not before there may be room.
constexpr std::chrono::seconds not_kept_wait{30};

outcome classify_failure(const call_report& report, const route_facts& route) {
  auto out = row(kind_of(report));
  out.ambiguous = out.ambiguous || (out.kind == aborted && report.sent);
  if (report.failure == transport_failure::not_kept) out.wait_at_least = not_kept_wait;
  out.code = code_of(report.failure);
  out.message = fmt::format("{}: {}{}", route.url, report.detail, advice_for(out.kind));
  return out;
}

} // namespace

outcome classify(const call_report& report, const route_facts& route) {
  const bool refused = report.status != 0 && (report.status < 200 || report.status > 299);
  if (report.failure == transport_failure::aborted || report.failure == transport_failure::not_kept)
    return classify_failure(report, route);
  // A status says what it says, even where the body behind it broke off.
  if (refused) return classify_refusal(report, route);
  if (report.failure != transport_failure::none) return classify_failure(report, route);
  // What was spilled was checked as it came.
  if (report.status != 0 && (report.spilled > 0 || is_json_container(report.body)))
    return row(success);
  auto out = row(bad_answer);
  out.code = "bad_response";
  out.message = fmt::format("{} from {}: the answer is not JSON; check that the base URL is an "
                            "API's; the line is tried again",
                            report.status, route.url);
  return out;
}

std::string_view to_string(outcome_kind kind) noexcept {
  switch (kind) {
  case success: return "success";
  case throttled_for: return "throttled_for";
  case throttled: return "throttled";
  case quota_spent: return "quota_spent";
  case try_again: return "try_again";
  case overloaded: return "overloaded";
  case server_error: return "server_error";
  case never_sent: return "never_sent";
  case lost: return "lost";
  case key_refused: return "key_refused";
  case route_wrong: return "route_wrong";
  case redirected: return "redirected";
  case rejected: return "rejected";
  case bad_answer: return "bad_answer";
  case too_large: return "too_large";
  case aborted: return "aborted";
  }
  return "unknown";
}

} // namespace perennial
