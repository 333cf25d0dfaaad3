// TLS towards providers: one context for all connections of a provider, verification always on.
//
// The system's certificates are taken from the hashed directory, read on demand, where there is
// one: loading the whole bundle costs 64 ms and most of a megabyte each time. Thread-safe once
// made.
#pragma once

#include "protocol/base/error.hpp"

#include <openssl/types.h>

#include <memory>
#include <string>

namespace perennial {

/// Whose certificates are believed.
struct tls_trust {
  /// PEM file believed beside the system's certificates: a private CA, a test's.
  std::string extra_ca_file;
  /// In place of the system's certificates, as `SSL_CERT_FILE` and `SSL_CERT_DIR` say it.
  std::string cert_file;
  std::string cert_dir;

  friend bool operator==(const tls_trust&, const tls_trust&) = default;
};

/// `SSL_CERT_FILE` and `SSL_CERT_DIR` of the process, and `extra_ca_file` as given.
tls_trust trust_from_environment(std::string extra_ca_file = {});

/// The shared client side of TLS: at least 1.2, HTTP/1.1 by ALPN, certificates and names verified.
class tls_client {
public:
  /// Loads the certificates. not_found where there are none at all, invalid_input where a file
  /// given cannot be read; both say what to set.
  static result<std::shared_ptr<const tls_client>> make(const tls_trust& trust);

  /// A session that will accept only a certificate for `host` (a name, or an IP address). Null
  /// where memory is out. The caller frees it with SSL_free and sets its BIO.
  SSL* new_session(const std::string& host) const;

private:
  struct free_context {
    void operator()(SSL_CTX* context) const noexcept;
  };
  std::unique_ptr<SSL_CTX, free_context> context_;
};

/// Why a handshake with `host` failed, for people, after SSL_connect returned an error. Reads and
/// clears OpenSSL's error queue of this thread.
std::string describe_handshake_failure(const SSL* session, const std::string& host);

/// True where `dir` holds at least one name that OpenSSL looks up (`1a2b3c4d.0`).
bool has_hashed_certificates(const std::string& dir);

} // namespace perennial
