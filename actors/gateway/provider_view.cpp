#include "actors/gateway/provider_view.hpp"

#include <nlohmann/json.hpp>

#include <cmath>

namespace perennial::actors {

namespace {

using json = nlohmann::ordered_json;

/// The moment that everything is shown at.
struct moment {
  steady_time now;
  wall_time wall;

  int64_t at(steady_time t) const {
    const auto there = wall + std::chrono::floor<std::chrono::milliseconds>(t - now);
    return std::chrono::floor<std::chrono::seconds>(there).time_since_epoch().count();
  }
  /// In tenths of a second; never less than nothing.
  double in(steady_time t) const {
    const auto s = std::chrono::duration<double>(t - now).count();
    return s <= 0 ? 0.0 : std::round(s * 10) / 10;
  }
};

void put_next_probe(json& to, const std::optional<steady_time>& when, const moment& m) {
  to["next_probe_at"] = when ? json(m.at(*when)) : json(nullptr);
  to["next_probe_seconds"] = when ? json(m.in(*when)) : json(nullptr);
}

void put_breaker(json& to, const breaker_details& b, const moment& m) {
  to["state"] = to_string(b.gate.state);
  to["reason"] = b.gate.reason;
  put_next_probe(to, b.gate.next_probe, m);
  auto changes = json::array();
  for (const auto& c : b.history) {
    changes.push_back({{"at", m.at(c.when)},
                       {"from", to_string(c.from)},
                       {"to", to_string(c.to)},
                       {"reason", c.reason}});
  }
  to["changes"] = std::move(changes);
  to["sent_since_opened"] = b.sent_since_opened;
  to["window"] = {
    {"calls", b.window.calls}, {"failures", b.window.failures}, {"slow", b.window.slow}};
}

json park_view(const parked_route& p, const moment& m) {
  json out{{"model", p.model.empty() ? json(nullptr) : json(p.model)},
           {"kind", to_string(p.kind)},
           {"reason", p.reason},
           {"since", m.at(p.since)},
           {"probes", p.probes}};
  put_next_probe(out, p.next_probe, m);
  return out;
}

json rate(uint32_t per_minute) { return per_minute == 0 ? json(nullptr) : json(per_minute); }

json key_view(const key_details& k, const moment& m) {
  const auto& t = k.throttle;
  const auto& until = t.permits.paused_until;
  const bool paused = until && *until > m.now;
  auto parked = json::array();
  for (const auto& p : k.parked) parked.push_back(park_view(p, m));
  return {{"name", k.name.empty() ? json(nullptr) : json(k.name)},
          {"in_flight", k.in_flight},
          {"in_flight_limit", t.permits.in_flight},
          {"paused_until", paused ? json(m.at(*until)) : json(nullptr)},
          {"paused_seconds", paused ? json(m.in(*until)) : json(nullptr)},
          {"requests_per_minute", rate(t.requests_per_minute)},
          {"requests_learned", t.requests_learned},
          {"tokens_per_minute", rate(t.tokens_per_minute)},
          {"tokens_learned", t.tokens_learned},
          {"parked", std::move(parked)}};
}

} // namespace

json view_of(const provider_details& p, steady_time now, wall_time wall) {
  const moment m{now, wall};
  const auto& s = p.status;
  json out{{"object", "provider"}, {"name", s.name}, {"base_url", s.base_url}};
  put_breaker(out, p.breaker, m);
  out["alarm"] = s.alarm.empty() ? json(nullptr) : json(s.alarm);
  out["in_flight"] = s.in_flight;
  out["in_flight_limit"] = s.in_flight_limit;
  out["queued"] = s.queued;
  out["workers"] = s.workers;
  out["calls"] = s.calls;
  out["answered"] = s.answered;
  auto keys = json::array();
  for (const auto& k : p.keys) keys.push_back(key_view(k, m));
  out["keys"] = std::move(keys);
  auto models = json::array();
  for (const auto& b : p.models) {
    json one{{"model", b.model}};
    put_breaker(one, b.breaker, m);
    models.push_back(std::move(one));
  }
  out["models"] = std::move(models);
  return out;
}

} // namespace perennial::actors
