#include "protocol/provider/proxy.hpp"

#include "tls_server.hpp"

#include <boost/test/unit_test.hpp>

#include <future>
#include <map>

using namespace perennial;
using namespace perennial::test;

BOOST_AUTO_TEST_SUITE(proxy)

namespace {

environment having(std::map<std::string, std::string> values) {
  return [values = std::move(values)](const std::string& name) -> std::optional<std::string> {
    const auto it = values.find(name);
    if (it == values.end()) return std::nullopt;
    return it->second;
  };
}

std::string found(std::string_view target, std::map<std::string, std::string> values) {
  const auto proxy = find_proxy(parse_base_url(target).value(), having(std::move(values)));
  if (!proxy) return fmt::format("error: {}", proxy.error().message);
  return *proxy ? (*proxy)->to_string() : "none";
}

} // namespace

BOOST_AUTO_TEST_CASE(the_variable_for_the_scheme_is_taken_then_the_one_for_all) {
  BOOST_TEST(found("https://api.test", {{"HTTPS_PROXY", "http://p:3128"}}) == "p:3128");
  BOOST_TEST(found("https://api.test", {{"https_proxy", "p:3128"}}) == "p:3128");
  BOOST_TEST(found("https://api.test", {{"HTTP_PROXY", "http://p:3128"}}) == "none");
  BOOST_TEST(found("http://api.test", {{"HTTP_PROXY", "http://p"}}) == "p:80");
  BOOST_TEST(found("http://api.test", {{"ALL_PROXY", "http://[::1]:9/"}}) == "[::1]:9");
  BOOST_TEST(found("https://api.test", {{"HTTPS_PROXY", ""}}) == "none");
  BOOST_TEST(found("https://api.test", {}) == "none");
}

BOOST_AUTO_TEST_CASE(this_machine_is_never_behind_a_proxy) {
  for (const char* here : {"http://127.0.0.1:8080", "http://localhost", "http://[::1]:1"})
    BOOST_TEST(found(here, {{"HTTP_PROXY", "http://p:3128"}}) == "none");
}

BOOST_AUTO_TEST_CASE(no_proxy_takes_out_names_addresses_and_networks) {
  BOOST_TEST(matches_no_proxy("*", "api.test", 443));
  BOOST_TEST(matches_no_proxy("a.b, api.test", "api.test", 443));
  BOOST_TEST(matches_no_proxy("test", "api.test", 443));
  BOOST_TEST(matches_no_proxy(".TEST", "api.test", 443));
  BOOST_TEST(matches_no_proxy("*.test", "api.test", 443));
  BOOST_TEST(!matches_no_proxy("pi.test", "api.test", 443));
  BOOST_TEST(matches_no_proxy("api.test:443", "api.test", 443));
  BOOST_TEST(!matches_no_proxy("api.test:80", "api.test", 443));
  BOOST_TEST(matches_no_proxy("10.0.0.0/8", "10.200.3.4", 443));
  BOOST_TEST(!matches_no_proxy("10.0.0.0/8", "11.0.0.1", 443));
  BOOST_TEST(matches_no_proxy("192.168.1.17", "192.168.1.17", 443));
  BOOST_TEST(matches_no_proxy("fd00::/12", "fd0f::1", 443));
  BOOST_TEST(matches_no_proxy("[fd00::1]:443", "fd00::1", 443));
  BOOST_TEST(!matches_no_proxy("[fd00::1]:80", "fd00::1", 443));
  for (const char* nonsense :
       {"", ",,", "/", "10.0.0.0/", "10.0.0.0/99", "[", "[]", ":", ".", "*."})
    BOOST_TEST(!matches_no_proxy(nonsense, "10.0.0.1", 443), nonsense);
  BOOST_TEST(found("https://api.test", {{"HTTPS_PROXY", "http://p"}, {"NO_PROXY", "api.test"}}) ==
             "none");
}

BOOST_AUTO_TEST_CASE(a_proxy_that_is_not_spoken_is_refused_without_showing_its_password) {
  for (const char* bad : {"socks5://me:hush@p:1080", "https://me:hush@p:3128",
                          "http://me:hush@p:port", "http://me:hush@"}) {
    const auto said = found("https://api.test", {{"HTTPS_PROXY", bad}});
    BOOST_TEST(said.starts_with("error: HTTPS_PROXY "), said);
    BOOST_TEST(said.find("hush") == std::string::npos);
  }
}

BOOST_AUTO_TEST_CASE(user_and_password_become_basic_authorization) {
  const auto got = find_proxy(parse_base_url("https://api.test").value(),
                              having({{"HTTPS_PROXY", "http://me:p%40ss@proxy.test:3128"}}))
                     .value()
                     .value();
  BOOST_TEST(got.authorization.reveal() == "Basic bWU6cEBzcw==");
  BOOST_TEST(got.to_string() == "proxy.test:3128");
}

BOOST_AUTO_TEST_CASE(https_goes_through_a_tunnel_and_the_certificate_is_still_verified) {
  test_ca ca;
  const auto who = make_identity("server", "DNS:api.test", &ca.self);
  std::promise<std::string> asked;
  std::atomic<int> tunnels{0};
  raw_server proxy_server{[&](peer& p) { // the proxy, and the server behind it
    auto head = p.read_head();
    if (tunnels++ == 0) asked.set_value(head);
    p.send("HTTP/1.1 200 Connection established\r\n\r\n");
    serve_tls(p.fd(), who, answer("200 OK", good_body));
  }};
  auto settings = settings_for("https://api.test");
  settings.trust.extra_ca_file = ca.file;
  settings.api_key = secret{"sk-0123456789"};
  settings.proxy = proxy_address{"127.0.0.1", proxy_server.port(), secret{"Basic bWU6cHc="}};
  auto c = connect_to(settings);
  for (int i = 0; i < 3; ++i) {
    const auto got = c->call(chat, "{}").value();
    BOOST_TEST(got.status == 200, got.detail);
  }
  const auto head = asked.get_future().get();
  BOOST_TEST(head.starts_with("CONNECT api.test:443 HTTP/1.1\r\n"));
  BOOST_TEST(head.find("Proxy-Authorization: Basic bWU6cHc=\r\n") != std::string::npos);
  BOOST_TEST(head.find("sk-0123456789") == std::string::npos);
  BOOST_TEST(tunnels == 1);

  settings.base_url.host = "other.test"; // the proxy leads to the same server
  const auto got = connect_to(settings)->call(chat, "{}").value();
  BOOST_TEST(to_string(got.failure) == "tls");
  BOOST_TEST(got.detail.find("not for other.test") != std::string::npos, got.detail);
}

BOOST_AUTO_TEST_CASE(a_proxy_that_refuses_is_named_and_nothing_was_sent) {
  const std::pair<const char*, const char*> cases[] = {
    {"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n",
     "user and a password"},
    {"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n", "status 403"},
    {"SSH-2.0-OpenSSH\r\n\r\n", "as a proxy does"},
    {"HTTP/1.1 200 OK\r\n\r\nand bytes of its own", "refused the way"},
  };
  for (const auto& [bytes, words] : cases) {
    raw_server server{[bytes = bytes](peer& p) {
      p.read_head();
      p.send(bytes);
    }};
    auto settings = settings_for("https://api.test");
    settings.proxy = proxy_address{"127.0.0.1", server.port(), secret{}};
    const auto got = connect_to(settings)->call(chat, "{}").value();
    BOOST_TEST(to_string(got.failure) == "proxy");
    BOOST_TEST(!got.sent);
    BOOST_TEST(got.detail.find(words) != std::string::npos, got.detail);
  }
}

BOOST_AUTO_TEST_CASE(plain_http_asks_the_proxy_for_the_whole_url) {
  std::promise<std::string> seen;
  raw_server server{[&](peer& p) {
    seen.set_value(p.read_request());
    p.send(answer("200 OK", good_body));
  }};
  auto settings = settings_for("http://api.test:8080/v1");
  settings.proxy = proxy_address{"127.0.0.1", server.port(), secret{"Basic bWU6cHc="}};
  BOOST_TEST(connect_to(settings)->call(chat, "{}").value().status == 200);
  const auto request = seen.get_future().get();
  BOOST_TEST(request.starts_with("POST http://api.test:8080/v1/chat/completions HTTP/1.1\r\n"));
  BOOST_TEST(request.find("Host: api.test:8080\r\n") != std::string::npos);
  BOOST_TEST(request.find("Proxy-Authorization: Basic bWU6cHc=\r\n") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()
