#include "tools/perennial/serve/config_file.hpp"

#include "actors/service/config_check.hpp"
#include "tools/perennial/serve/config_keys.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <sstream>

namespace perennial::tool {

namespace {

using actors::model_route;
using actors::provider_config;
using actors::service_config;

constexpr uint32_t most_calls = 65'536;
constexpr uint32_t most_per_minute = 100'000'000;

const std::vector<config_key<serve_settings>>& top_keys() {
  static const std::vector<config_key<serve_settings>> keys{
    text_key("listen", &serve_settings::listen),
    text_key("log_level", &serve_settings::log_level),
  };
  return keys;
}

const std::vector<config_key<service_config>>& service_keys() {
  static const std::vector<config_key<service_config>> keys{
    text_key("data_dir", &service_config::data_dir),
    number_key("max_attempts", &service_config::max_attempts, 1, 1000),
    bytes_key("max_line_bytes", &service_config::max_line_bytes),
    duration_key("drain_deadline", &service_config::drain_deadline),
    duration_key("line_deadline", &service_config::line_deadline, "never"),
    duration_key("batch_expires_after", &service_config::batch_expires_after, "never"),
  };
  return keys;
}

const std::vector<config_key<service_config>>& memory_keys() {
  static const std::vector<config_key<service_config>> keys{
    bytes_key("budget", &service_config::memory_budget),
  };
  return keys;
}

/// The name of one variable, or a list of names.
config_key<provider_config> key_variables() {
  auto one = text_key("api_key_env", &provider_config::api_key_env);
  auto more = list_key("api_key_env", &provider_config::more_key_envs);
  return {"api_key_env",
          [=](provider_config& p, const toml::node& n) -> result<void> {
            p.more_key_envs.clear();
            if (!n.is_array()) return one.read(p, n);
            if (auto ok = more.read(p, n); !ok) return ok;
            auto& names = p.more_key_envs;
            p.api_key_env = names.empty() ? std::string{} : names.front();
            if (!names.empty()) names.erase(names.begin());
            return {};
          },
          [=](const provider_config& p) {
            if (p.more_key_envs.empty()) return one.write(p);
            auto all = p;
            all.more_key_envs.insert(all.more_key_envs.begin(), p.api_key_env);
            return more.write(all);
          }};
}

const std::vector<config_key<service_config>>& disk_keys() {
  static const std::vector<config_key<service_config>> keys{
    bytes_key("reserve", &service_config::disk_reserve, "auto"),
  };
  return keys;
}

const std::vector<config_key<provider_config>>& provider_keys() {
  static const std::vector<config_key<provider_config>> keys{
    text_key("name", &provider_config::name),
    text_key("base_url", &provider_config::base_url),
    list_key("models", &provider_config::models),
    key_variables(),
    list_key("key_files", &provider_config::key_files),
    number_key("max_in_flight", &provider_config::max_in_flight, 1, most_calls, "auto"),
    number_key("requests_per_minute", &provider_config::requests_per_minute, 0, most_per_minute),
    number_key("tokens_per_minute", &provider_config::tokens_per_minute, 0, most_per_minute),
    duration_key("connect_timeout", &provider_config::connect_timeout),
    duration_key("first_byte_timeout", &provider_config::first_byte_timeout),
    duration_key("idle_timeout", &provider_config::idle_timeout),
    duration_key("total_timeout", &provider_config::total_timeout),
    duration_key("breaker_open", &provider_config::breaker_open),
    switch_key("breaker_per_model", &provider_config::breaker_per_model),
    bytes_key("max_response_bytes", &provider_config::max_response_bytes),
    text_key("user_agent", &provider_config::user_agent),
    text_key("ca_file", &provider_config::ca_file),
  };
  return keys;
}

/// One table is read in two halves, into two structs; what neither knows is unknown.
result<void> read_top(std::string_view file, const toml::table& root, serve_settings& into) {
  std::vector<std::string_view> elsewhere{"memory", "disk", "models", "providers"};
  for (const auto& k : service_keys()) elsewhere.push_back(k.name);
  if (auto ok = read_table(file, root, top_keys(), into, elsewhere); !ok) return ok;
  elsewhere = {"memory", "disk", "models", "providers"};
  for (const auto& k : top_keys()) elsewhere.push_back(k.name);
  return read_table(file, root, service_keys(), into.service, elsewhere);
}

/// A section of its own for some of the service's keys.
result<void> read_section(std::string_view file, const toml::table& root, std::string_view name,
                          const std::vector<config_key<service_config>>& keys,
                          service_config& into) {
  const auto* node = root.get(name);
  if (!node) return {};
  const auto* table = node->as_table();
  if (!table) {
    return fail(errc::invalid_input, "{}{} must be a section: [{}] on a line of its own",
                at_place(file, *node), name, name);
  }
  return read_table(file, *table, keys, into);
}

result<void> read_providers(std::string_view file, const toml::table& root, service_config& into) {
  const auto* node = root.get("providers");
  if (!node) return {};
  const auto* list = node->as_array();
  if (!list || !list->is_homogeneous(toml::node_type::table)) {
    return fail(errc::invalid_input,
                "{}providers must be sections: [[providers]] on a line of its own before each one",
                at_place(file, *node));
  }
  into.providers.clear();
  for (const auto& entry : *list) {
    provider_config p;
    p.name.clear();
    if (auto ok = read_table(file, *entry.as_table(), provider_keys(), p); !ok) return ok;
    if (p.name.empty() || p.base_url.empty()) {
      return fail(errc::invalid_input, "{}this provider has no {}; a provider needs both",
                  at_place(file, entry), p.name.empty() ? "name" : "base_url");
    }
    into.providers.push_back(std::move(p));
  }
  return {};
}

const std::vector<config_key<model_route::target>>& target_keys() {
  using target = model_route::target;
  static const std::vector<config_key<target>> keys{
    text_key("name", &target::provider),
    text_key("model", &target::model),
    number_key("order", &target::order, 0, 1000),
    number_key("weight", &target::weight, 1, 1000),
  };
  return keys;
}

const std::vector<config_key<model_route>>& route_keys() {
  static const std::vector<config_key<model_route>> keys{
    text_key("name", &model_route::pattern),
    switch_key("failover", &model_route::failover),
    duration_key("failover_after", &model_route::failover_after),
  };
  return keys;
}

result<void> read_targets(std::string_view file, const toml::node& node, model_route& into) {
  const auto* list = node.as_array();
  const auto wrong = [&](const toml::node& at) {
    return fail(
      errc::invalid_input,
      "{}providers must be a list of names or of tables, as [{{name = \"a\", order = 1}}]",
      at_place(file, at));
  };
  if (!list) return wrong(node);
  for (const auto& entry : *list) {
    model_route::target t;
    if (auto name = entry.value_exact<std::string>()) {
      t.provider = std::move(*name);
    } else if (const auto* table = entry.as_table()) {
      if (auto ok = read_table(file, *table, target_keys(), t); !ok) return ok;
    } else {
      return wrong(entry);
    }
    into.targets.push_back(std::move(t));
  }
  return {};
}

result<void> read_models(std::string_view file, const toml::table& root, service_config& into) {
  const auto* node = root.get("models");
  if (!node) return {};
  const auto* list = node->as_array();
  if (!list || !list->is_homogeneous(toml::node_type::table)) {
    return fail(errc::invalid_input,
                "{}models must be sections: [[models]] on a line of its own before each one",
                at_place(file, *node));
  }
  into.models.clear();
  for (const auto& entry : *list) {
    model_route m;
    const auto& table = *entry.as_table();
    if (auto ok = read_table(file, table, route_keys(), m, {"providers"}); !ok) return ok;
    if (const auto* targets = table.get("providers")) {
      if (auto ok = read_targets(file, *targets, m); !ok) return ok;
    }
    into.models.push_back(std::move(m));
  }
  return {};
}

std::string write_route(const model_route& m) {
  std::string targets;
  for (const auto& t : m.targets) {
    targets += fmt::format("{}{{name = {}, model = {}, order = {}, weight = {}}}",
                           targets.empty() ? "" : ", ", quote(t.provider), quote(t.model), t.order,
                           t.weight);
  }
  return fmt::format("\n[[models]]\n{}providers = [{}]\n", write_table(route_keys(), m), targets);
}

/// Whether its keys are there; not what they are.
std::string_view key_remark(const provider_config& p) {
  auto variables = p.more_key_envs;
  if (!p.api_key_env.empty()) variables.push_back(p.api_key_env);
  if (variables.empty()) return p.key_files.empty() ? "sends no key" : "its keys are in files";
  const auto set = [](const std::string& v) { return std::getenv(v.c_str()) != nullptr; };
  const auto found = static_cast<size_t>(std::ranges::count_if(variables, set));
  if (variables.size() == 1) {
    return found == 1 ? "its key is set" : "the variable of its key is not set";
  }
  return found == variables.size() ? "its keys are set" : "not all variables of its keys are set";
}

} // namespace

std::string quote(std::string_view text) {
  std::ostringstream out;
  out << toml::value<std::string>{std::string{text}};
  return out.str();
}

std::string suggest_key(std::string_view name, const std::vector<std::string_view>& known) {
  if (auto near = suggest(name, known); !near.empty()) return near;
  // "timeouts" is none of them, and all of connect_timeout, idle_timeout, …
  constexpr size_t least_part = 4;
  const auto part = name.ends_with('s') ? name.substr(0, name.size() - 1) : name;
  std::vector<std::string_view> like;
  if (part.size() >= least_part) {
    std::copy_if(known.begin(), known.end(), std::back_inserter(like),
                 [&](auto k) { return k.find(part) != std::string_view::npos; });
  }
  return like.empty() ? std::string{} : fmt::format("; there are {}", fmt::join(like, ", "));
}

std::string at_place(std::string_view file, const toml::node& node) {
  const auto& begin = node.source().begin;
  return fmt::format("{}:{}:{}: ", file, begin.line, begin.column);
}

result<void> read_config(std::string_view text, std::string_view name, serve_settings& into) {
  const auto parsed = toml::parse(text);
  if (!parsed) {
    const auto& e = parsed.error();
    return fail(errc::invalid_input, "{}:{}:{}: {}", name, e.source().begin.line,
                e.source().begin.column, e.description());
  }
  const toml::table& root = parsed.table();
  serve_settings out = into;
  if (auto ok = read_top(name, root, out); !ok) return ok;
  if (auto ok = read_section(name, root, "memory", memory_keys(), out.service); !ok) return ok;
  if (auto ok = read_section(name, root, "disk", disk_keys(), out.service); !ok) return ok;
  if (auto ok = read_providers(name, root, out.service); !ok) return ok;
  if (auto ok = read_models(name, root, out.service); !ok) return ok;
  into = std::move(out);
  return {};
}

result<void> load_config(const std::string& path, serve_settings& into) {
  std::ifstream in{path, std::ios::binary};
  if (!in) {
    return fail(errc::not_found, "the configuration {} cannot be read: {}", path,
                std::strerror(errno));
  }
  std::ostringstream text;
  text << in.rdbuf();
  if (in.bad()) return fail(errc::io_error, "reading {}: {}", path, std::strerror(errno));
  return read_config(text.str(), path, into);
}

result<void> check_settings(const serve_settings& s) {
  if (auto ok = actors::check_config(s.service); !ok) return ok;
  constexpr std::string_view levels[] = {"trace", "debug", "info", "warning", "error"};
  if (std::find(std::begin(levels), std::end(levels), s.log_level) == std::end(levels)) {
    return fail(errc::invalid_input, "there is no log level \"{}\"{}; there are {}", s.log_level,
                suggest(s.log_level, levels), fmt::join(levels, ", "));
  }
  return {};
}

std::string print_config(const serve_settings& s) {
  auto out = write_table(top_keys(), s) + write_table(service_keys(), s.service);
  out += "\n[memory]\n" + write_table(memory_keys(), s.service);
  out += "\n[disk]\n" + write_table(disk_keys(), s.service);
  for (const auto& p : s.service.providers) {
    out += fmt::format("\n[[providers]] # {}\n{}", key_remark(p), write_table(provider_keys(), p));
  }
  for (const auto& m : s.service.models) out += write_route(m);
  return out;
}

} // namespace perennial::tool
