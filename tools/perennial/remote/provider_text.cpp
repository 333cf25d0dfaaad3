#include "tools/perennial/remote/provider_text.hpp"

#include "protocol/base/clock.hpp"
#include "tools/perennial/terminal.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <vector>

namespace perennial::tool {

namespace {

using json = nlohmann::ordered_json;

/// A control character of a provider's message must not reach the terminal.
std::string shown(const json& text) {
  auto out = text.is_string() ? text.get<std::string>() : std::string{};
  std::replace_if(
    out.begin(), out.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; }, ' ');
  return out;
}

/// What holds its lines up, in a word.
std::string state_of(const json& p) {
  bool all_parked = true;
  bool all_paused = true;
  for (const auto& k : p.at("keys")) {
    const auto& parks = k.at("parked");
    const bool parked = std::any_of(parks.begin(), parks.end(),
                                    [](const json& r) { return r.at("model").is_null(); });
    all_parked = all_parked && parked;
    all_paused = all_paused && (parked || !k.at("paused_until").is_null());
  }
  if (all_parked) return "parked";
  const auto state = shown(p.at("state"));
  return state == "closed" && all_paused ? "paused" : state;
}

std::string next_probe(const json& of) {
  const auto& seconds = of.at("next_probe_seconds");
  return seconds.is_null() ? "" : fmt::format("in {:.0f} s", seconds.get<double>());
}

std::string rate_of(const json& key, const char* what) {
  const auto& rate = key.at(fmt::format("{}_per_minute", what));
  if (rate.is_null()) return "";
  const bool learned = key.at(fmt::format("{}_learned", what)).get<bool>();
  return fmt::format(", {} {} a minute{}", with_commas(rate.get<uint64_t>()), what,
                     learned ? " (learned)" : "");
}

std::string key_text(const json& k) {
  auto out = fmt::format("  key        {}: {} of {} in flight{}{}\n",
                         k.at("name").is_null() ? "none is sent" : shown(k.at("name")),
                         k.at("in_flight").get<uint64_t>(), k.at("in_flight_limit").get<uint64_t>(),
                         rate_of(k, "requests"), rate_of(k, "tokens"));
  if (const auto& until = k.at("paused_until"); !until.is_null()) {
    out += fmt::format("    paused until {}, for {:.1f} s\n", format_time(until.get<int64_t>()),
                       k.at("paused_seconds").get<double>());
  }
  for (const auto& r : k.at("parked")) {
    const auto model = shown(r.at("model"));
    out +=
      fmt::format("    parked{} since {}, tried again {}: {}\n",
                  model.empty() ? "" : fmt::format(" for the model \"{}\"", model),
                  format_time(r.at("since").get<int64_t>()), next_probe(r), shown(r.at("reason")));
  }
  return out;
}

std::string breaker_text(const json& of) {
  auto out = shown(of.at("state"));
  if (const auto reason = shown(of.at("reason")); !reason.empty()) out += ": " + reason;
  if (const auto& at = of.at("next_probe_at"); !at.is_null()) {
    out += fmt::format("; tried again {}, at {}", next_probe(of), format_time(at.get<int64_t>()));
  }
  return out;
}

std::string changes_text(const json& of) {
  std::string out;
  for (const auto& c : of.at("changes")) {
    out += fmt::format("    {}  {} -> {}: {}\n", format_time(c.at("at").get<int64_t>()),
                       shown(c.at("from")), shown(c.at("to")), shown(c.at("reason")));
  }
  return out;
}

} // namespace

std::string provider_table(const json& providers) {
  size_t name_columns = 8;
  for (const auto& p : providers) name_columns = std::max(name_columns, shown(p.at("name")).size());
  auto out =
    fmt::format("{:<{}}  {:<9}  {:>10}  {:>6}  {:>12}  {:>12}  {:>10}", "PROVIDER", name_columns,
                "STATE", "IN FLIGHT", "LIMIT", "CALLS", "ANSWERED", "NEXT PROBE");
  for (const auto& p : providers) {
    out += fmt::format("\n{:<{}}  {:<9}  {:>10}  {:>6}  {:>12}  {:>12}  {:>10}",
                       shown(p.at("name")), name_columns, state_of(p),
                       p.at("in_flight").get<uint64_t>(), p.at("in_flight_limit").get<uint64_t>(),
                       with_commas(p.at("calls").get<uint64_t>()),
                       with_commas(p.at("answered").get<uint64_t>()), next_probe(p));
    if (const auto alarm = shown(p.at("alarm")); !alarm.empty()) out += "\n  " + alarm;
  }
  return out;
}

std::string provider_details_text(const json& p) {
  auto out = fmt::format("{}\n", shown(p.at("name")));
  const auto row = [&](std::string_view name, const std::string& value) {
    if (!value.empty()) out += fmt::format("  {:<11}{}\n", name, value);
  };
  row("url", shown(p.at("base_url")));
  row("state", state_of(p));
  row("alarm", shown(p.at("alarm")));
  row("calls", fmt::format(
                 "{}, {} answered, {} in flight", with_commas(p.at("calls").get<uint64_t>()),
                 with_commas(p.at("answered").get<uint64_t>()), p.at("in_flight").get<uint64_t>()));
  for (const auto& k : p.at("keys")) out += key_text(k);
  row("breaker", breaker_text(p));
  out += changes_text(p);
  for (const auto& m : p.at("models")) {
    row("model", fmt::format("\"{}\": {}", shown(m.at("model")), breaker_text(m)));
    out += changes_text(m);
  }
  out.pop_back();
  return out;
}

} // namespace perennial::tool
