// /v1/providers: what holds each one up, and by hand: reset the breaker, resume what is parked.
#include "actors/gateway/context.hpp"
#include "actors/gateway/provider_view.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace perennial::actors {

namespace {

using json = nlohmann::ordered_json;

result<json> details_of(const gateway_context& c, const supervisor_actor& s) {
  auto found = ask<provider_details_ptr>(c.owner.system(), s, gateway_patience, details_atom_v);
  if (!found) return tl::unexpected{found.error()};
  return view_of(**found, steady_now(), wall_now());
}

/// A provider's words end up here: what is no UTF-8 in them must not throw.
std::string text_of(const json& j) {
  return j.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

void list_providers(const gateway_context& c, httplib::Response& to) {
  auto all = json::array();
  for (const auto& s : c.owner.supervisors()) {
    auto one = details_of(c, s);
    if (!one) return reply_error(to, one.error());
    all.push_back(std::move(*one));
  }
  reply_json(to, text_of({{"object", "list"}, {"data", std::move(all)}}));
}

/// Runs `what` on the provider that the path names, and answers with what it is then.
template <class F>
void with_provider(const gateway_context& c, const httplib::Request& request, httplib::Response& to,
                   F&& what) {
  const auto name = request.matches[1].str();
  const auto& all = c.owner.config().providers;
  const auto found = std::ranges::find(all, name, &provider_config::name);
  if (found == all.end()) return reply_error(to, openai::no_such("Provider", name));
  const auto number = static_cast<uint32_t>(found - all.begin());
  if (auto done = what(number); !done) return reply_error(to, done.error());
  auto now = details_of(c, c.owner.supervisors()[number]);
  if (!now) return reply_error(to, now.error());
  reply_json(to, text_of(*now));
}

} // namespace

void add_provider_routes(http::edge_server& server, gateway_context& c) {
  using httplib::Request;
  using httplib::Response;
  server.slow("GET", "/v1/providers");
  server.slow("GET", "/v1/providers/{name}");
  server.slow("POST", "/v1/providers/{name}/{verb}");
  const auto tell = [&c](uint32_t number, auto&&... message) {
    return ask<provider_status>(c.owner.system(), c.owner.supervisors()[number], gateway_patience,
                                std::forward<decltype(message)>(message)...);
  };
  server.Get("/v1/providers", [&c](const Request&, Response& to) { list_providers(c, to); });
  server.Get(R"(/v1/providers/([^/]+))", [&c](const Request& q, Response& to) {
    with_provider(c, q, to, [](uint32_t) { return result<void>{}; });
  });
  server.Post(R"(/v1/providers/([^/]+)/reset)", [&c, tell](const Request& q, Response& to) {
    with_provider(c, q, to, [&](uint32_t n) { return tell(n, reset_atom_v); });
  });
  server.Post(R"(/v1/providers/([^/]+)/resume)", [&c, tell](const Request& q, Response& to) {
    with_provider(c, q, to, [&](uint32_t n) -> result<provider_status> {
      if (auto ok = c.owner.reload_keys(n); !ok) return tl::unexpected{ok.error()};
      return tell(n, resume_atom_v);
    });
  });
}

} // namespace perennial::actors
