#include "actors/service/provider_setup.hpp"

#include <algorithm>
#include <cstdlib>

namespace perennial::actors {

result<std::vector<provider::provider_settings>>
provider_settings_of(const service_config& config) {
  std::vector<provider::provider_settings> out;
  for (const auto& p : config.providers) {
    provider::provider_settings s;
    s.name = p.name;
    auto base = http::parse_base_url(p.base_url);
    if (!base) return fail(base.error(), "provider " + p.name);
    s.base = std::move(*base);
    if (!p.api_key_env.empty()) {
      s.key_source = "the variable " + p.api_key_env;
      // Not being set is no error: a local provider needs no key, and a remote one says 401.
      if (const char* key = std::getenv(p.api_key_env.c_str())) s.key = provider::secret{key};
      const auto& k = s.key.reveal();
      if (std::any_of(k.begin(), k.end(), [](unsigned char c) { return c <= 0x20 || c == 0x7f; })) {
        return fail(
          errc::invalid_input,
          "provider {}: the key in the variable {} holds spaces or line breaks; set it again "
          "without them",
          p.name, p.api_key_env);
      }
    }
    s.user_agent = p.user_agent;
    s.limits = {p.connect_timeout, p.first_byte_timeout, p.idle_timeout, p.total_timeout};
    s.max_response_bytes = p.max_response_bytes;
    s.ca_file = p.ca_file;
    out.push_back(std::move(s));
  }
  return out;
}

} // namespace perennial::actors
