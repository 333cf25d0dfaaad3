#include "protocol/http/tls.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <arpa/inet.h>

#include <array>
#include <cstdlib>
#include <filesystem>

namespace perennial {

namespace {

constexpr const char* system_dir = "/etc/ssl/certs";
constexpr std::array system_bundles{"/etc/ssl/certs/ca-certificates.crt",
                                    "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"};

bool is_address(const std::string& host) {
  in_addr v4{};
  in6_addr v6{};
  return ::inet_pton(AF_INET, host.c_str(), &v4) == 1 ||
         ::inet_pton(AF_INET6, host.c_str(), &v6) == 1;
}

bool load_file(SSL_CTX* context, const std::string& file) {
  const bool good = SSL_CTX_load_verify_file(context, file.c_str()) == 1;
  ERR_clear_error();
  return good;
}

bool load_dir(SSL_CTX* context, const std::string& dir) {
  const bool good =
    has_hashed_certificates(dir) && SSL_CTX_load_verify_dir(context, dir.c_str()) == 1;
  ERR_clear_error();
  return good;
}

/// The certificates that the environment names in place of the system's.
result<void> load_named(SSL_CTX* context, const tls_trust& trust) {
  if (!trust.cert_file.empty() && !load_file(context, trust.cert_file))
    return fail(errc::invalid_input,
                "the file that SSL_CERT_FILE names holds no certificate in PEM form that can be "
                "read; mend or unset the variable");
  if (!trust.cert_dir.empty() && !load_dir(context, trust.cert_dir))
    return fail(errc::invalid_input,
                "the directory that SSL_CERT_DIR names holds no hashed certificates (1a2b3c4d.0); "
                "run `openssl rehash` on it or unset the variable");
  return {};
}

bool load_system(SSL_CTX* context) {
  if (load_dir(context, system_dir)) return true;
  for (const char* bundle : system_bundles)
    if (load_file(context, bundle)) return true;
  return false;
}

/// SSL_set_tlsext_host_name, whose macro casts in the old style.
int set_server_name(SSL* session, const std::string& host) {
  std::string name = host; // copied by OpenSSL
  return static_cast<int>(
    SSL_ctrl(session, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, name.data()));
}

} // namespace

void tls_client::free_context::operator()(SSL_CTX* context) const noexcept {
  SSL_CTX_free(context);
}

tls_trust trust_from_environment(std::string extra_ca_file) {
  const auto value = [](const char* name) {
    const char* text = std::getenv(name);
    return std::string{text ? text : ""};
  };
  return {std::move(extra_ca_file), value("SSL_CERT_FILE"), value("SSL_CERT_DIR")};
}

bool has_hashed_certificates(const std::string& dir) {
  std::error_code ec;
  for (std::filesystem::directory_iterator it{dir, ec}, end; !ec && it != end; it.increment(ec)) {
    const auto name = it->path().filename().string();
    if (name.size() >= 10 && name[8] == '.' && name.find_first_not_of("0123456789abcdef") == 8 &&
        name.find_first_not_of("0123456789", 9) == std::string::npos)
      return true;
  }
  return false;
}

result<std::shared_ptr<const tls_client>> tls_client::make(const tls_trust& trust) {
  auto out = std::make_shared<tls_client>();
  out->context_.reset(SSL_CTX_new(TLS_client_method()));
  auto* context = out->context_.get();
  if (!context) return fail(errc::internal, "TLS cannot be set up: OpenSSL gives no context");
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  // Thousands of idle connections: their buffers are given back between records.
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                              SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  static constexpr unsigned char http_1_1[] = "\x08http/1.1";
  SSL_CTX_set_alpn_protos(context, http_1_1, sizeof http_1_1 - 1);

  const bool named = !trust.cert_file.empty() || !trust.cert_dir.empty();
  if (named) {
    if (auto loaded = load_named(context, trust); !loaded) return tl::unexpected{loaded.error()};
  }
  const bool system = named || load_system(context);
  if (!trust.extra_ca_file.empty()) {
    if (!load_file(context, trust.extra_ca_file))
      return fail(errc::invalid_input,
                  "{} holds no certificate in PEM form that can be read; name the CA's file",
                  trust.extra_ca_file);
  } else if (!system) {
    return fail(errc::not_found,
                "this machine has no CA certificates to verify providers with; install the package "
                "ca-certificates, or name a file: --ca-file, ca_file in a configuration, or "
                "SSL_CERT_FILE");
  }
  return std::shared_ptr<const tls_client>{std::move(out)};
}

SSL* tls_client::new_session(const std::string& host) const {
  SSL* session = SSL_new(context_.get());
  if (!session) return nullptr;
  SSL_set_connect_state(session);
  SSL_set_read_ahead(session, 1); // a record in one read, not its header and then its body
  bool named = false;
  if (is_address(host)) {
    named = X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(session), host.c_str()) == 1;
  } else {
    SSL_set_hostflags(session, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    named = SSL_set1_host(session, host.c_str()) == 1 && set_server_name(session, host) == 1;
  }
  if (!named) { // without a name to check the certificate would prove nothing
    SSL_free(session);
    return nullptr;
  }
  return session;
}

std::string describe_handshake_failure(const SSL* session, const std::string& host) {
  const long verify = SSL_get_verify_result(session);
  const unsigned long code = ERR_peek_error();
  ERR_clear_error();
  switch (verify) {
  case X509_V_OK: break;
  case X509_V_ERR_HOSTNAME_MISMATCH:
  case X509_V_ERR_IP_ADDRESS_MISMATCH:
    return fmt::format("its certificate is not for {}; check the host in the base URL", host);
  case X509_V_ERR_CERT_HAS_EXPIRED:
    return "its certificate has expired; check this machine's clock, or tell whoever runs it";
  case X509_V_ERR_CERT_NOT_YET_VALID:
    return "its certificate is not valid yet; check this machine's clock";
  case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
  case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
  case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
  case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
  case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
  case X509_V_ERR_CERT_SIGNATURE_FAILURE: // a CA of the same name as one of ours
    return "its certificate is signed by a CA that is not known here; if it is yours, name the "
           "CA's file: --ca-file, ca_file in a configuration, or SSL_CERT_FILE";
  default:
    return fmt::format("its certificate was not accepted: {}",
                       X509_verify_cert_error_string(verify));
  }
  if (ERR_GET_LIB(code) == ERR_LIB_SSL && ERR_GET_REASON(code) == SSL_R_WRONG_VERSION_NUMBER)
    return "it does not speak TLS on this port; check the port, or write http:// in the base URL";
  // An alert is TLS; whatever else went wrong may be an answer in plain text.
  const bool alert =
    ERR_GET_LIB(code) == ERR_LIB_SSL && ERR_GET_REASON(code) >= SSL_AD_REASON_OFFSET;
  const std::string_view hint = alert ? "" : "; does that port speak https?";
  if (const char* reason = code ? ERR_reason_error_string(code) : nullptr)
    return fmt::format("the TLS handshake failed: {}{}", reason, hint);
  return fmt::format("it closed the connection in the middle of the TLS handshake{}", hint);
}

} // namespace perennial
