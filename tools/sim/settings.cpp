#include "tools/sim/settings.hpp"

#include <nlohmann/json.hpp>

#include <numeric>

namespace perennial::sim {

namespace {

using nlohmann::json;

using setter = result<void> (*)(settings&, const json&, steady_time);
using getter = json (*)(const settings&, steady_time);

/// One member of /control.
struct control_member {
  std::string_view name;
  setter set;
  getter get;
};

result<double> number_between(const json& value, double low, double high) {
  if (value.is_number())
    if (const double d = value.get<double>(); d >= low && d <= high) return d;
  return fail(errc::invalid_input, "must be a number from {} to {}", low, high);
}

template <auto Field>
result<void> set_text(settings& s, const json& value, steady_time) {
  if (!value.is_string()) return fail(errc::invalid_input, "must be a string (\"\" turns it off)");
  s.*Field = value.get<std::string>();
  return {};
}

template <auto Field>
result<void> set_whole(settings& s, const json& value, steady_time) {
  if (!value.is_number_unsigned()) return fail(errc::invalid_input, "must be a whole number");
  s.*Field = value.get<uint64_t>();
  return {};
}

template <auto Field>
result<void> set_ms(settings& s, const json& value, steady_time) {
  return number_between(value, 0, 3.6e9).map([&](double ms) {
    s.*Field = std::chrono::nanoseconds{static_cast<int64_t>(ms * 1e6)};
  });
}

template <auto Field>
json get_ms(const settings& s, steady_time) {
  return std::chrono::duration<double, std::milli>(s.*Field).count();
}

template <auto Field>
json get_plain(const settings& s, steady_time) {
  return s.*Field;
}

result<void> set_jitter(settings& s, const json& value, steady_time) {
  return number_between(value, 0, 1).map([&](double d) { s.jitter = d; });
}

result<void> set_retry_after(settings& s, const json& value, steady_time) {
  return number_between(value, 0, 86400).map([&](double d) {
    s.retry_after = std::chrono::seconds{static_cast<int64_t>(d)};
  });
}

result<void> set_unknown_models(settings& s, const json& value, steady_time) {
  if (!value.is_boolean()) return fail(errc::invalid_input, "must be true or false");
  s.unknown_models = value.get<bool>();
  return {};
}

result<void> set_models(settings& s, const json& value, steady_time) {
  if (!value.is_array()) return fail(errc::invalid_input, "must be an array of strings");
  std::vector<std::string> models;
  for (const json& one : value) {
    if (!one.is_string()) return fail(errc::invalid_input, "must be an array of strings");
    models.push_back(one.get<std::string>());
  }
  s.models = std::move(models);
  return {};
}

/// true, false, or a number of seconds.
result<void> set_outage(settings& s, const json& value, steady_time now) {
  if (value.is_boolean()) {
    s.outages.ordered_until.reset();
    if (value.get<bool>()) s.outages.ordered_until = steady_time::max();
    return {};
  }
  if (!value.is_number()) return fail(errc::invalid_input, "must be true, false or seconds");
  return number_between(value, 0, 3.6e6).map([&](double seconds) {
    s.outages.ordered_until = now + std::chrono::nanoseconds{static_cast<int64_t>(seconds * 1e9)};
  });
}

constexpr control_member members[] = {
  {"seed", set_whole<&settings::seed>, get_plain<&settings::seed>},
  {"latency_ms", set_ms<&settings::latency>, get_ms<&settings::latency>},
  {"jitter", set_jitter, get_plain<&settings::jitter>},
  {"drip_interval_ms", set_ms<&settings::drip_interval>, get_ms<&settings::drip_interval>},
  {"stream_gap_ms", set_ms<&settings::stream_gap>, get_ms<&settings::stream_gap>},
  {"retry_after", set_retry_after,
   [](const settings& s, steady_time) { return json(s.retry_after.count()); }},
  {"models", set_models, get_plain<&settings::models>},
  {"unknown_models", set_unknown_models, get_plain<&settings::unknown_models>},
  {"wrong_model", set_text<&settings::wrong_model>, get_plain<&settings::wrong_model>},
  {"answer_headers", set_text<&settings::answer_headers>, get_plain<&settings::answer_headers>},
  {"fail_model", set_text<&settings::fail_model>, get_plain<&settings::fail_model>},
  {"forbid", set_text<&settings::forbid>, get_plain<&settings::forbid>},
  {"hold", set_text<&settings::hold>, get_plain<&settings::hold>},
  {"api_key", set_text<&settings::api_key>,
   [](const settings& s, steady_time) { return json(s.api_key.empty() ? "" : "(set)"); }},
  {"throttle_key", set_text<&settings::throttle_key>,
   [](const settings& s, steady_time) { return json(s.throttle_key.empty() ? "" : "(set)"); }},
  {"spent_key", set_text<&settings::spent_key>,
   [](const settings& s, steady_time) { return json(s.spent_key.empty() ? "" : "(set)"); }},
  {"limit_in_flight", set_whole<&settings::limit_in_flight>, get_plain<&settings::limit_in_flight>},
  {"rpm", set_whole<&settings::requests_per_minute>, get_plain<&settings::requests_per_minute>},
  {"answer_bytes", set_whole<&settings::answer_bytes>, get_plain<&settings::answer_bytes>},
  {"max_echo", set_whole<&settings::max_echo>, get_plain<&settings::max_echo>},
  {"outage", set_outage,
   [](const settings& s, steady_time now) { return json(s.outages.down(now)); }},
};

constexpr std::string_view rate_prefix = "rate_";

/// Sets one member; the error says what it must be, without its name.
result<void> set_member(settings& s, std::string_view name, const json& value, steady_time now) {
  for (const control_member& m : members)
    if (m.name == name) return m.set(s, value, now);
  for (size_t i = 0; i < fault_count; ++i)
    if (name.starts_with(rate_prefix) && name.substr(rate_prefix.size()) == fault_names[i])
      return number_between(value, 0, 1).map([&](double d) { s.rates[i] = d; });
  return fail(errc::invalid_input, "is no setting; GET /control shows them all");
}

} // namespace

result<void> check(const settings& s) {
  const double sum = std::accumulate(s.rates.begin(), s.rates.end(), 0.0);
  if (sum > 1 + 1e-9)
    return fail(errc::invalid_input, "the rates of faults add up to {}; keep the sum at most 1",
                sum);
  return {};
}

result<void> apply_control(settings& s, const json& changes, steady_time now) {
  if (!changes.is_object()) return fail(errc::invalid_input, "send a JSON object of settings");
  settings changed = s;
  for (const auto& [name, value] : changes.items())
    if (auto ok = set_member(changed, name, value, now); !ok)
      return fail(errc::invalid_input, "\"{}\" {}", name, ok.error().message);
  if (auto ok = check(changed); !ok) return ok;
  s = std::move(changed);
  return {};
}

json to_json(const settings& s, steady_time now) {
  json out = json::object();
  for (const control_member& m : members) out[std::string(m.name)] = m.get(s, now);
  for (size_t i = 0; i < fault_count; ++i)
    out[std::string(rate_prefix) + std::string(fault_names[i])] = s.rates[i];
  return out;
}

} // namespace perennial::sim
