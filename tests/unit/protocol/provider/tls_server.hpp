// Certificates made for one test, and a raw server that speaks TLS with them.
#pragma once

#include "raw_server.hpp"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <filesystem>
#include <fstream>
#include <memory>

namespace perennial::test {

template <auto Free>
struct freed_by {
  template <class T>
  void operator()(T* p) const {
    Free(p);
  }
};
using key_ptr = std::unique_ptr<EVP_PKEY, freed_by<EVP_PKEY_free>>;
using cert_ptr = std::unique_ptr<X509, freed_by<X509_free>>;
using session_ptr = std::unique_ptr<SSL, freed_by<SSL_free>>;
using context_ptr = std::unique_ptr<SSL_CTX, freed_by<SSL_CTX_free>>;

struct identity {
  key_ptr key;
  cert_ptr cert;
};

/// A certificate for `alt_names` ("DNS:api.test,IP:127.0.0.1"), signed by `issuer`, or a CA of its
/// own where that is null. `days` from now it ends.
inline identity make_identity(const char* name, const char* alt_names, const identity* issuer,
                              int days = 2) {
  identity out{key_ptr{EVP_EC_gen("P-256")}, cert_ptr{X509_new()}};
  auto* cert = out.cert.get();
  static std::atomic<long> serial{1};
  X509_set_version(cert, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(cert), ++serial);
  X509_gmtime_adj(X509_getm_notBefore(cert), -10L * 24 * 3600);
  X509_gmtime_adj(X509_getm_notAfter(cert), days * 24L * 3600);
  X509_set_pubkey(cert, out.key.get());
  X509_NAME_add_entry_by_txt(X509_get_subject_name(cert), "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(name), -1, -1, 0);
  const auto* signer = issuer ? issuer : &out;
  X509_set_issuer_name(cert, X509_get_subject_name(signer->cert.get()));
  const auto extend = [&](int nid, const char* value) {
    X509V3_CTX context{};
    X509V3_set_ctx(&context, signer->cert.get(), cert, nullptr, nullptr, 0);
    std::unique_ptr<X509_EXTENSION, freed_by<X509_EXTENSION_free>> made{
      X509V3_EXT_nconf_nid(nullptr, &context, nid, value)};
    if (!made) throw std::runtime_error{"no extension"};
    X509_add_ext(cert, made.get(), -1);
  };
  extend(NID_basic_constraints, issuer ? "critical,CA:FALSE" : "critical,CA:TRUE");
  if (alt_names) extend(NID_subject_alt_name, alt_names);
  X509_sign(cert, signer->key.get(), EVP_sha256());
  return out;
}

/// A directory that goes with the object.
class scratch_dir {
public:
  scratch_dir() {
    std::string name = (std::filesystem::temp_directory_path() / "perennial-XXXXXX").string();
    if (!::mkdtemp(name.data())) throw std::runtime_error{"no temporary directory"};
    path_ = name;
  }
  ~scratch_dir() { std::filesystem::remove_all(path_); }
  scratch_dir(const scratch_dir&) = delete;
  scratch_dir& operator=(const scratch_dir&) = delete;
  std::string file(const char* name) const { return (path_ / name).string(); }
  std::string path() const { return path_.string(); }

private:
  std::filesystem::path path_;
};

inline std::string pem_of(const identity& who) {
  std::unique_ptr<BIO, freed_by<BIO_free>> memory{BIO_new(BIO_s_mem())};
  PEM_write_bio_X509(memory.get(), who.cert.get());
  char* text = nullptr;
  const auto size = BIO_ctrl(memory.get(), BIO_CTRL_INFO, 0, &text);
  return {text, static_cast<size_t>(size)};
}

/// A CA whose certificate is in a file, for `extra_ca_file`.
struct test_ca {
  identity self = make_identity("Perennial test CA", nullptr, nullptr);
  scratch_dir dir;
  std::string file = dir.file("ca.pem");

  test_ca() { std::ofstream{file} << pem_of(self); }
};

/// TLS over an accepted socket, as `identity`. Null where the handshake fails.
inline session_ptr accept_tls(int fd, const identity& who) {
  context_ptr context{SSL_CTX_new(TLS_server_method())};
  SSL_CTX_use_certificate(context.get(), who.cert.get());
  SSL_CTX_use_PrivateKey(context.get(), who.key.get());
  session_ptr session{SSL_new(context.get())};
  SSL_set_fd(session.get(), fd);
  if (SSL_accept(session.get()) != 1) return nullptr;
  return session;
}

/// Reads one request from a TLS session; empty at its end.
inline std::string read_tls_request(SSL* session, std::string& rest) {
  const auto more = [&] {
    char buffer[4096];
    size_t n = 0;
    if (SSL_read_ex(session, buffer, sizeof buffer, &n) != 1) return false;
    rest.append(buffer, n);
    return true;
  };
  while (rest.find("\r\n\r\n") == std::string::npos)
    if (!more()) return {};
  const auto end = rest.find("\r\n\r\n") + 4;
  const auto at = rest.find("Content-Length: ");
  const size_t all = end + (at < end ? std::stoul(rest.substr(at + 16)) : 0);
  while (rest.size() < all)
    if (!more()) return {};
  auto out = rest.substr(0, all);
  rest.erase(0, all);
  return out;
}

inline bool send_tls(SSL* session, std::string_view text) {
  size_t n = 0;
  return SSL_write_ex(session, text.data(), text.size(), &n) == 1;
}

/// What a good TLS server does with one connection: answers until it ends.
inline void serve_tls(int fd, const identity& who, std::string_view bytes) {
  const auto session = accept_tls(fd, who);
  std::string rest;
  while (session && !read_tls_request(session.get(), rest).empty())
    if (!send_tls(session.get(), bytes)) return;
}

} // namespace perennial::test
