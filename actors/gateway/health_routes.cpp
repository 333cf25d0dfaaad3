// /healthz: the process lives. /readyz: it takes work, or why it does not.
#include "actors/gateway/context.hpp"
#include "actors/protect/memory_actor.hpp"

#include <nlohmann/json.hpp>

namespace perennial::actors {

namespace {

using json = nlohmann::ordered_json;

/// An alarm of a provider is told, and does not make the service unready: its lines wait, others
/// run.
json providers(const gateway_context& c) {
  auto list = json::array();
  for (const auto& s : c.owner.supervisors()) {
    auto status = ask<provider_status>(c.owner.system(), s, gateway_patience, status_atom_v);
    if (!status) continue;
    list.push_back({{"name", status->name},
                    {"breaker", to_string(status->breaker.state)},
                    {"in_flight", status->in_flight},
                    {"alarm", status->alarm.empty() ? json(nullptr) : json(status->alarm)}});
  }
  return list;
}

} // namespace

void add_health_routes(http::edge_server& server, gateway_context& c) {
  server.Get("/healthz", [](const httplib::Request&, httplib::Response& to) {
    reply_json(to, R"({"status":"ok"})");
  });
  server.slow("GET", "/readyz");
  server.Get("/readyz", [&c](const httplib::Request&, httplib::Response& to) {
    const auto disk = c.owner.disk().status();
    const bool ready = c.ready && !disk.holds_calls();
    const json j{{"status", ready ? "ready" : "not ready"},
                 {"reason", ready     ? json(nullptr)
                            : c.ready ? json(disk.says)
                                      : json("starting or shutting down")},
                 {"disk",
                  {{"level", to_string(disk.level)},
                   {"free_bytes", disk.seen.free},
                   {"kept_for_results_bytes", disk.floors.for_results},
                   {"kept_from_uploads_bytes", disk.floors.for_uploads},
                   {"ballast_bytes", disk.ballast_bytes},
                   {"alarm", disk.says.empty() ? json(nullptr) : json(disk.says)}}},
                 {"providers", providers(c)},
                 {"memory",
                  {{"budget_bytes", c.owner.config().memory_budget},
                   {"rss_bytes", resident_bytes()},
                   {"peak_rss_bytes", peak_resident_bytes()}}}};
    reply_json(to, j.dump(), ready ? 200 : 503);
  });
}

} // namespace perennial::actors
