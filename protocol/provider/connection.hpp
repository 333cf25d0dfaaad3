// The client library: one `provider_client` for a provider, made once, and from it as many
// connections as there are workers.
//
//   provider_client ──new_connection()──▶ connection ──call()──▶ call_report ──classify()──▶
//   outcome
//    settings, TLS, names (shared)         one socket, one call at a time
#pragma once

#include "protocol/base/bytes.hpp"
#include "protocol/base/error.hpp"
#include "protocol/provider/answer_memory.hpp"
#include "protocol/provider/answer_spill.hpp"
#include "protocol/provider/call_report.hpp"
#include "protocol/provider/resolver.hpp"
#include "protocol/provider/settings.hpp"

#include <memory>
#include <optional>
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

/// Answers up to this size ask nobody for memory.
inline constexpr uint64_t small_answer = 64 * kib;

struct call_options {
  /// In place of the provider's.
  std::optional<call_timeouts> timeouts = {};
  /// Asked before an answer of more than `small_answer` bytes is kept, for twice its size: the body
  /// and what is made of it. Null: there is no limit but max_response_bytes.
  answer_memory* memory = nullptr;
  /// Takes good answers (2xx) of more than `spill_over` bytes; others may not be longer than that.
  /// Null: all are held.
  answer_spill* spill = nullptr;
  uint64_t spill_over = 0;
};

/// One keep-alive connection, opened when needed and again after every failure. `call` belongs to
/// one thread at a time; `abort` and `close` may come from any.
class connection {
public:
  ~connection();
  connection(const connection&) = delete;
  connection& operator=(const connection&) = delete;

  /// Posts `body` (JSON) to `path`, a job's `url`: see `join_path`. Waits for the whole answer, at
  /// most `total`. Follows no redirect: the report has the 3xx. Whatever the network or the
  /// provider did wrong is in the report; the error side is for the caller's own: closed; conflict
  /// (another thread is in a call); invalid_input (the path cannot be sent).
  result<call_report> call(std::string_view path, std::string_view body,
                           const call_options& options = {});

  /// Ends the call in progress, in whatever phase it is, and returns at once. Its report says
  /// `aborted`. Without a call in progress nothing happens; later calls are not touched.
  void abort();

  /// As `abort`, and no more calls: they return `closed`. May be called often.
  void close();

private:
  friend class provider_client;
  struct impl;
  explicit connection(std::shared_ptr<const provider_client> client);

  std::unique_ptr<impl> impl_;
};

} // namespace perennial
