#include "actors/service/provider_setup.hpp"

#include "actors/service/config_check.hpp"
#include "protocol/base/bytes.hpp"
#include "protocol/base/log.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>

namespace perennial::actors {

namespace {

/// Longer than any key: what is read of a file.
constexpr size_t most_key_bytes = 64 * kib;

std::vector<std::string> variables_of(const provider_config& p) {
  std::vector<std::string> out;
  if (!p.api_key_env.empty()) out.push_back(p.api_key_env);
  out.insert(out.end(), p.more_key_envs.begin(), p.more_key_envs.end());
  return out;
}

result<void> check_key(const provider_key& key) {
  const auto text = key.text.reveal();
  const bool bad =
    std::any_of(text.begin(), text.end(), [](unsigned char c) { return c <= 0x20 || c >= 0x7f; });
  if (!bad) return {};
  return fail(errc::invalid_input,
              "the key in {} holds spaces, line breaks or characters that no key has; set it again "
              "without them",
              key.name());
}

result<provider_key> read_key_file(const std::string& path) {
  std::ifstream in{path, std::ios::binary};
  if (!in) {
    return fail(errc::invalid_input, "the key file {} cannot be read: {}", path,
                std::strerror(errno));
  }
  std::string text(most_key_bytes, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (in.bad()) return fail(errc::invalid_input, "the key file {} cannot be read", path);
  text.resize(static_cast<size_t>(in.gcount()));
  const auto end = text.find_last_not_of(" \t\r\n");
  text.resize(end == std::string::npos ? 0 : end + 1);
  if (text.empty()) {
    return fail(errc::invalid_input, "the key file {} is empty; write the key into it", path);
  }
  provider_key key{{}, path, secret{std::move(text)}};
  if (auto ok = check_key(key); !ok) return tl::unexpected{ok.error()};
  return key;
}

result<std::shared_ptr<const provider_client>> make_client(const provider_config& p) {
  provider_settings s;
  s.name = p.name;
  auto base = parse_base_url(p.base_url);
  if (!base) return tl::unexpected{base.error()};
  s.base_url = std::move(*base);
  if (auto keys = read_provider_keys(p); !keys) return tl::unexpected{keys.error()};
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

void warn_of_missing_keys(const provider_config& p) {
  const auto variables = variables_of(p);
  const bool only_one = variables.size() + p.key_files.size() < 2;
  for (const auto& name : variables) {
    if (std::getenv(name.c_str())) continue;
    if (only_one) { // not every provider wants a key; the first 401 says it louder
      logging::info("{}: the variable {} is not set; calls go out without a key", p.name, name);
    } else {
      logging::warn("{}: the variable {} is not set; the other keys are used", p.name, name);
    }
  }
}

result<std::vector<provider_key>> read_provider_keys(const provider_config& p) {
  std::vector<provider_key> out;
  for (const auto& name : variables_of(p)) {
    const char* text = std::getenv(name.c_str());
    if (!text) continue;
    provider_key key{name, {}, secret{text}};
    if (auto ok = check_key(key); !ok) return tl::unexpected{ok.error()};
    out.push_back(std::move(key));
  }
  for (const auto& path : p.key_files) {
    auto key = read_key_file(path);
    if (!key) return tl::unexpected{key.error()};
    out.push_back(std::move(*key));
  }
  // Not being set is no error: a local provider needs no key, and another one says 401.
  if (out.empty()) out.push_back({p.api_key_env, {}, {}});
  return out;
}

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
