// The server's side of TLS: a context from PEM files, or from a certificate made on the spot.
#pragma once

#include "protocol/base/error.hpp"

#include <openssl/ssl.h>

#include <memory>
#include <string>

namespace perennial::sim {

struct ssl_context_free {
  void operator()(SSL_CTX* c) const { SSL_CTX_free(c); }
};
struct ssl_free {
  void operator()(SSL* s) const { SSL_free(s); }
};
using ssl_context = std::unique_ptr<SSL_CTX, ssl_context_free>;
using ssl_handle = std::unique_ptr<SSL, ssl_free>;

/// A context with the certificate chain and key of two PEM files.
result<ssl_context> load_tls(const std::string& cert_file, const std::string& key_file);

/// A context with a fresh self-signed certificate for 127.0.0.1, ::1 and localhost. Where
/// `write_ca` names a file, the certificate goes there as PEM, for clients to trust.
result<ssl_context> make_tls(const std::string& write_ca);

} // namespace perennial::sim
