#include "actors/service/provider_setup.hpp"

#include "actors/service/config_check.hpp"

#include <algorithm>
#include <cstdlib>

namespace perennial::actors {

namespace {

result<secret> read_key(const provider_config& p) {
  // Not being set is no error: a local provider needs no key, and another one says 401.
  const char* text = p.api_key_env.empty() ? nullptr : std::getenv(p.api_key_env.c_str());
  if (!text) return secret{};
  const std::string key{text};
  const bool bad =
    std::any_of(key.begin(), key.end(), [](unsigned char c) { return c <= 0x20 || c >= 0x7f; });
  if (bad) {
    return fail(
      errc::invalid_input,
      "the key in the variable {} holds spaces, line breaks or characters that no key has; "
      "set it again without them",
      p.api_key_env);
  }
  return secret{key};
}

result<std::shared_ptr<const provider_client>> make_client(const provider_config& p) {
  provider_settings s;
  s.name = p.name;
  auto base = parse_base_url(p.base_url);
  if (!base) return tl::unexpected{base.error()};
  s.base_url = std::move(*base);
  auto key = read_key(p);
  if (!key) return tl::unexpected{key.error()};
  s.api_key = std::move(*key);
  s.user_agent = p.user_agent;
  s.timeouts = {p.connect_timeout, p.first_byte_timeout, p.idle_timeout, p.total_timeout};
  s.max_response_bytes = p.max_response_bytes;
  s.trust = trust_from_environment(p.ca_file);
  auto proxy = find_proxy(s.base_url, process_environment());
  if (!proxy) return tl::unexpected{proxy.error()};
  s.proxy = std::move(*proxy);
  return provider_client::make(std::move(s));
}

} // namespace

result<std::vector<std::shared_ptr<const provider_client>>>
make_provider_clients(const service_config& config) {
  std::vector<std::shared_ptr<const provider_client>> out;
  for (const auto& p : config.providers) {
    auto client = make_client(p);
    if (!client) return of_provider(p, client.error());
    out.push_back(std::move(*client));
  }
  return out;
}

} // namespace perennial::actors
