#include "actors/service/config_check.hpp"

#include "actors/results/spilled_line.hpp"
#include "protocol/base/suggest.hpp"
#include "protocol/http/url.hpp"

#include <algorithm>
#include <cctype>
#include <set>
#include <string_view>

namespace perennial::actors {

namespace {

/// Below this even an error's text would be too long.
constexpr uint64_t least_answer_limit = 1024;

bool is_plain_name(std::string_view name) {
  return !name.empty() && name.size() <= 64 &&
         std::all_of(name.begin(), name.end(), [](unsigned char c) {
           return std::isalnum(c) || c == '-' || c == '_' || c == '.';
         });
}

/// A key written where the name of its variable belongs must not be shown.
bool is_variable_name(std::string_view text) {
  return !text.empty() && !std::isdigit(static_cast<unsigned char>(text.front())) &&
         std::all_of(text.begin(), text.end(),
                     [](unsigned char c) { return std::isalnum(c) || c == '_'; });
}

result<void> check_provider(const provider_config& p) {
  if (auto base = parse_base_url(p.base_url); !base) return tl::unexpected{base.error()};
  auto variables = p.more_key_envs;
  if (!p.api_key_env.empty()) variables.push_back(p.api_key_env);
  if (!std::ranges::all_of(variables, is_variable_name)) {
    return fail(errc::invalid_input,
                "api_key_env (--api-key-env) must be the name of an environment variable that "
                "holds the key, as OPENAI_API_KEY; the key itself belongs neither into a "
                "configuration nor into a command");
  }
  if (p.max_response_bytes < least_answer_limit || p.max_response_bytes > longest_answer) {
    return fail(errc::invalid_input,
                "a limit for answers of {} is not possible; give one from {} to {} "
                "(max_response_bytes, --max-response-bytes)",
                format_bytes(p.max_response_bytes), format_bytes(least_answer_limit),
                format_bytes(longest_answer));
  }
  return {};
}

result<void> check_route(const service_config& c, const model_route& m) {
  if (m.pattern.empty()) {
    return fail(errc::invalid_input, "a section [[models]] has no name; give the models' pattern");
  }
  if (m.targets.empty()) {
    return fail(errc::invalid_input, "[[models]] \"{}\" has no provider; add one to `providers`",
                m.pattern);
  }
  std::set<std::string_view> seen;
  for (const auto& t : m.targets) {
    std::vector<std::string_view> names;
    for (const auto& p : c.providers) names.push_back(p.name);
    if (std::ranges::find(names, t.provider) == names.end()) {
      return fail(errc::invalid_input, "[[models]] \"{}\": there is no provider \"{}\"{}",
                  m.pattern, t.provider, suggest(t.provider, names));
    }
    if (!seen.insert(t.provider).second) {
      return fail(errc::invalid_input, "[[models]] \"{}\" names the provider \"{}\" twice",
                  m.pattern, t.provider);
    }
    if (t.weight == 0) {
      return fail(errc::invalid_input,
                  "[[models]] \"{}\": the weight of \"{}\" is 0; give 1 or more, or leave it out",
                  m.pattern, t.provider);
    }
  }
  return {};
}

} // namespace

tl::unexpected<error> of_provider(const provider_config& p, const error& e) {
  if (p.name == provider_config{}.name) return tl::unexpected{e}; // made from flags
  return fail(e, fmt::format("provider \"{}\"", p.name));
}

result<void> check_line_limit(uint64_t max_line_bytes) {
  if (max_line_bytes >= least_line_limit && max_line_bytes <= most_line_limit) return {};
  return fail(errc::invalid_input,
              "a limit for lines of {} is not possible; give one from {} to {} (max_line_bytes, "
              "--max-line-bytes)",
              format_bytes(max_line_bytes), format_bytes(least_line_limit),
              format_bytes(most_line_limit));
}

result<void> check_config(const service_config& c) {
  if (c.data_dir.empty()) {
    return fail(errc::invalid_input,
                "no data directory: set data_dir in the configuration, or give --data DIR");
  }
  if (c.providers.empty()) {
    return fail(errc::invalid_input,
                "no provider: add a section [[providers]] with a name and a base_url to the "
                "configuration, or give --base-url URL");
  }
  if (c.memory_budget < least_memory_budget) {
    return fail(errc::invalid_input, "a memory budget of {} is too small; give at least {}",
                format_bytes(c.memory_budget), format_bytes(least_memory_budget));
  }
  if (auto ok = check_line_limit(c.max_line_bytes); !ok) return ok;
  std::set<std::string_view> names;
  for (const auto& p : c.providers) {
    if (!is_plain_name(p.name)) {
      return fail(errc::invalid_input,
                  "a provider's name may have letters, digits, - _ and ., at most 64 of them");
    }
    if (auto ok = check_provider(p); !ok) return of_provider(p, ok.error());
    if (!names.insert(p.name).second) {
      return fail(errc::invalid_input, "two providers have the name \"{}\"", p.name);
    }
  }
  std::set<std::string_view> patterns;
  for (const auto& m : c.models) {
    if (auto ok = check_route(c, m); !ok) return ok;
    if (!patterns.insert(m.pattern).second) {
      return fail(errc::invalid_input, "two sections [[models]] have the name \"{}\"", m.pattern);
    }
  }
  return {};
}

} // namespace perennial::actors
