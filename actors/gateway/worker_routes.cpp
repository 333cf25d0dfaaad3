// /v1/workers: who works for which provider on what; restart them, set how many there are.
#include "actors/gateway/context.hpp"
#include "actors/service/file_limit.hpp"
#include "actors/work/supervisor/worker_list.hpp"
#include "protocol/base/log.hpp"
#include "protocol/base/suggest.hpp"
#include "protocol/openai/ids.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace perennial::actors {

namespace {

using json = nlohmann::ordered_json;

/// As for a provider's max_in_flight in the configuration.
constexpr int64_t most_workers = 100'000;

json worker_view_of(const std::string& provider, const worker_view& w) {
  const bool busy = w.batch.has_value();
  return {{"provider", provider},
          {"worker", w.number},
          {"state", w.retiring ? "retiring"
                    : busy     ? "calling"
                               : "idle"},
          {"batch", busy ? json(openai::batch_id(*w.batch)) : json(nullptr)},
          {"line", busy ? json(w.line + 1) : json(nullptr)},
          {"age_ms", w.age.count()},
          {"calls", w.calls},
          {"restarts", w.restarts}};
}

/// The supervisors that a request means: the one of the provider that it names, or all.
result<std::vector<size_t>> meant(const gateway_context& c, const json& body) {
  const auto& all = c.owner.config().providers;
  std::vector<size_t> out;
  const auto named = body.find("provider");
  for (size_t i = 0; i < all.size(); ++i) {
    if (named == body.end() || named->is_null() || *named == all[i].name) out.push_back(i);
  }
  if (!out.empty()) return out;
  if (!named->is_string()) return fail(errc::invalid_input, "`provider` must be a name");
  std::vector<std::string_view> names;
  names.reserve(all.size());
  for (const auto& p : all) names.push_back(p.name);
  const auto asked = named->get<std::string>();
  return fail(errc::not_found, "there is no provider \"{}\"{}", asked, suggest(asked, names));
}

/// The request's JSON object; an empty body is an empty one.
result<json> body_of(const httplib::Request& request) {
  if (request.body.empty()) return json::object();
  auto body = json::parse(request.body, nullptr, false);
  if (!body.is_object()) return fail(errc::invalid_input, "the body must be a JSON object");
  return body;
}

void list_workers(const gateway_context& c, httplib::Response& to) {
  auto data = json::array();
  for (const auto& s : c.owner.supervisors()) {
    auto all = ask<worker_list_ptr>(c.owner.system(), s, gateway_patience, workers_atom_v);
    if (!all) return reply_error(to, all.error());
    for (const auto& w : (*all)->workers) data.push_back(worker_view_of((*all)->provider, w));
  }
  reply_json(to, json{{"object", "list"}, {"data", std::move(data)}}.dump());
}

void restart(const gateway_context& c, const httplib::Request& request, httplib::Response& to) {
  auto body = body_of(request);
  if (!body) return reply_error(to, body.error());
  const auto whom = meant(c, *body);
  if (!whom) return reply_error(to, whom.error());
  const auto now = body->find("now");
  if (now != body->end() && !now->is_boolean()) {
    return reply_error(to, openai::invalid_request("`now` must be true or false", "now"));
  }
  uint64_t restarted = 0;
  for (const auto i : *whom) {
    auto n = ask<uint32_t>(c.owner.system(), c.owner.supervisors()[i], gateway_patience,
                           restart_atom_v, now != body->end() && now->get<bool>());
    if (!n) return reply_error(to, n.error());
    restarted += *n;
  }
  reply_json(to, json{{"object", "workers.restart"}, {"restarted", restarted}}.dump());
}

void scale(const gateway_context& c, const httplib::Request& request, httplib::Response& to) {
  auto body = body_of(request);
  if (!body) return reply_error(to, body.error());
  if (!body->contains("provider")) {
    return reply_error(to, openai::invalid_request("`provider` is missing", "provider"));
  }
  const auto whom = meant(c, *body);
  if (!whom) return reply_error(to, whom.error());
  const auto workers = body->find("workers");
  const bool automatic = workers != body->end() && *workers == "auto";
  const bool counted = workers != body->end() && workers->is_number_integer() && *workers >= 1 &&
                       *workers <= most_workers;
  if (!automatic && !counted) {
    return reply_error(
      to, openai::invalid_request(
            fmt::format("`workers` must be a number from 1 to {}, or \"auto\"", most_workers),
            "workers"));
  }
  const auto count = automatic ? uint32_t{0} : workers->get<uint32_t>();
  if (const auto most = most_calls_by_files(); count > most) {
    return reply_error(to, openai::invalid_request(
                             fmt::format("{} calls at once need more open files than this process "
                                         "may have: at most {} fit; raise its limit (ulimit -n, or "
                                         "LimitNOFILE) and start it anew, or ask for fewer",
                                         count, most),
                             "workers"));
  }
  auto s = ask<provider_status>(c.owner.system(), c.owner.supervisors()[whom->front()],
                                gateway_patience, scale_atom_v, count);
  if (!s) return reply_error(to, s.error());
  logging::info("{}: {} calls at once from now on, by hand", s->name,
                automatic ? "as many as it bears" : fmt::format("at most {}", count));
  reply_json(to, json{{"object", "workers.scale"},
                      {"provider", s->name},
                      {"workers", automatic ? json("auto") : json(count)}}
                   .dump());
}

} // namespace

void add_worker_routes(http::edge_server& server, gateway_context& c) {
  using httplib::Request;
  using httplib::Response;
  server.slow("GET", "/v1/workers");
  server.slow("POST", "/v1/workers/{verb}");
  server.Get("/v1/workers", [&c](const Request&, Response& to) { list_workers(c, to); });
  server.Post("/v1/workers/restart", [&c](const Request& q, Response& to) { restart(c, q, to); });
  server.Post("/v1/workers/scale", [&c](const Request& q, Response& to) { scale(c, q, to); });
}

} // namespace perennial::actors
