#include "tools/sim/tls.hpp"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <cstdio>

namespace perennial::sim {

namespace {

struct free_key {
  void operator()(EVP_PKEY* k) const { EVP_PKEY_free(k); }
};
struct free_certificate {
  void operator()(X509* c) const { X509_free(c); }
};
struct free_extension {
  void operator()(X509_EXTENSION* e) const { X509_EXTENSION_free(e); }
};
using private_key = std::unique_ptr<EVP_PKEY, free_key>;
using certificate = std::unique_ptr<X509, free_certificate>;

/// The reason of OpenSSL's last error.
std::string last_problem() {
  char text[256];
  ERR_error_string_n(ERR_get_error(), text, sizeof text);
  return text;
}

result<ssl_context> new_context() {
  ssl_context ctx(SSL_CTX_new(TLS_server_method()));
  if (!ctx) return fail(errc::internal, "cannot start TLS: {}", last_problem());
  SSL_CTX_set_min_proto_version(ctx.get(), TLS1_2_VERSION);
  // Connections may be thousands and idle: give buffers back. Writes may be partial and move.
  SSL_CTX_set_mode(ctx.get(), SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  return ctx;
}

bool add_extension(X509* cert, int nid, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, cert, cert, nullptr, nullptr, 0);
  std::unique_ptr<X509_EXTENSION, free_extension> extension(
    X509V3_EXT_conf_nid(nullptr, &context, nid, value));
  return extension && X509_add_ext(cert, extension.get(), -1) == 1;
}

/// A self-signed certificate: its own authority, so that a client can trust it as a CA.
certificate make_certificate(EVP_PKEY* key) {
  constexpr long day = 24L * 3600;
  certificate cert(X509_new());
  X509_set_version(cert.get(), 2); // X.509 v3
  ASN1_INTEGER_set_int64(X509_get_serialNumber(cert.get()), static_cast<int64_t>(time(nullptr)));
  X509_gmtime_adj(X509_getm_notBefore(cert.get()), -day);
  X509_gmtime_adj(X509_getm_notAfter(cert.get()), 3650 * day);
  X509_set_pubkey(cert.get(), key);
  X509_NAME* name = X509_get_subject_name(cert.get());
  const auto* text = reinterpret_cast<const unsigned char*>("perennial-sim");
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, text, -1, -1, 0);
  X509_set_issuer_name(cert.get(), name);
  const bool whole =
    add_extension(cert.get(), NID_basic_constraints, "critical,CA:TRUE") &&
    add_extension(cert.get(), NID_subject_alt_name, "IP:127.0.0.1,IP:::1,DNS:localhost") &&
    add_extension(cert.get(), NID_subject_key_identifier, "hash") &&
    X509_sign(cert.get(), key, EVP_sha256()) > 0;
  if (!whole) cert.reset();
  return cert;
}

result<void> write_pem(const std::string& path, X509* cert) {
  const std::string half = path + ".tmp";
  std::FILE* file = std::fopen(half.c_str(), "we");
  bool ok = file != nullptr && PEM_write_X509(file, cert) == 1;
  if (file != nullptr) ok = std::fclose(file) == 0 && ok;
  if (!ok || std::rename(half.c_str(), path.c_str()) != 0)
    return fail(errc::io_error, "cannot write the certificate to {}: {}", path,
                std::generic_category().message(errno));
  return {};
}

} // namespace

result<ssl_context> load_tls(const std::string& cert_file, const std::string& key_file) {
  auto ctx = new_context();
  if (!ctx) return ctx;
  if (SSL_CTX_use_certificate_chain_file(ctx->get(), cert_file.c_str()) != 1)
    return fail(errc::invalid_input, "cannot read a PEM certificate from {}: {}", cert_file,
                last_problem());
  if (SSL_CTX_use_PrivateKey_file(ctx->get(), key_file.c_str(), SSL_FILETYPE_PEM) != 1)
    return fail(errc::invalid_input, "cannot read the PEM key of {} from {}: {}", cert_file,
                key_file, last_problem());
  return ctx;
}

result<ssl_context> make_tls(const std::string& write_ca) {
  auto ctx = new_context();
  if (!ctx) return ctx;
  private_key key(EVP_EC_gen("P-256"));
  certificate cert = key ? make_certificate(key.get()) : certificate{};
  if (!cert || SSL_CTX_use_certificate(ctx->get(), cert.get()) != 1 ||
      SSL_CTX_use_PrivateKey(ctx->get(), key.get()) != 1)
    return fail(errc::internal, "cannot make a certificate: {}", last_problem());
  if (!write_ca.empty())
    if (auto ok = write_pem(write_ca, cert.get()); !ok) return tl::unexpected(ok.error());
  return ctx;
}

} // namespace perennial::sim
