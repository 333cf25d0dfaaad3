// The client library: one `provider_client` for a provider, made once, and from it as many
// connections as there are workers.
//
//   provider_client ──new_connection()──▶ connection ──call()──▶ call_report ──classify()──▶
//   outcome
//    settings, TLS, names (shared)         one socket, one call at a time
#pragma once

#include "protocol/base/error.hpp"
#include "protocol/provider/caller.hpp"
#include "protocol/provider/resolver.hpp"
#include "protocol/provider/settings.hpp"

#include <memory>
#include <string_view>

namespace perennial {

class connection;

/// What all connections of a provider share. Never changes once made; thread-safe.
class provider_client : public std::enable_shared_from_this<provider_client> {
public:
  /// Checks the settings and loads the certificates. invalid_input says which setting is wrong and
  /// what to write. No network is touched.
  static result<std::shared_ptr<const provider_client>>
  make(provider_settings settings, std::shared_ptr<resolver> names = resolver::shared());

  /// A connection that is opened by its first call.
  std::unique_ptr<connection> new_connection() const;

  const provider_settings& settings() const noexcept { return settings_; }

private:
  friend class connection;
  provider_client(provider_settings settings, std::shared_ptr<const tls_client> tls,
                  std::shared_ptr<resolver> names);

  provider_settings settings_;
  std::shared_ptr<const tls_client> tls_; // null for plain http
  std::shared_ptr<resolver> names_;
};

/// One keep-alive connection, opened when needed and again after every failure.
class connection final : public caller {
public:
  ~connection() override;
  connection(const connection&) = delete;
  connection& operator=(const connection&) = delete;

  result<call_report> call(std::string_view path, std::string_view body,
                           const call_options& options = {}) override;
  void abort() override;
  void close() override;

  /// Opens a connection to the provider, or to the proxy before it, and closes it again: nothing is
  /// sent, not even a TLS greeting. Whether that worked in this time. As `call` for the rest.
  bool can_connect(std::chrono::milliseconds patience);

private:
  friend class provider_client;
  struct impl;
  explicit connection(std::shared_ptr<const provider_client> client);

  std::unique_ptr<impl> impl_;
};

} // namespace perennial
